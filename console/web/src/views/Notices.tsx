import { dismiss, notices } from "../notices";
import { useStore } from "../store";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Marked } from "../ui/Marked";

export function Notices() {
  const shown = useStore(notices);
  return (
    <div class="notices" role="status" aria-live="polite">
      {shown.map((notice) => (
        <div key={notice.id} class={`notice ${notice.tone}`}>
          {notice.tone === "busy" ? (
            <span class="spinner" aria-hidden="true" />
          ) : (
            <Icon name={notice.tone === "done" ? "check" : "warning"} />
          )}
          <p>
            <Marked text={notice.text} />
          </p>
          {notice.actions.map(({ label, run }) => (
            <Button key={label} onClick={run}>
              {label}
            </Button>
          ))}
          {notice.link && <a href={notice.link.href}>{notice.link.label}</a>}
          {notice.tone !== "busy" && (
            <Button kind="quiet" icon="close" label="Close this message" onClick={() => dismiss(notice.id)} />
          )}
        </div>
      ))}
    </div>
  );
}
