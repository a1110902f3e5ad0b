import { access, endsSoon, isLimited } from "../access";
import { clock } from "../clock";
import { openDialog } from "../dialogs";
import { moment, until } from "../format";
import { importing } from "../importing";
import { signOut } from "../session";
import { useStore } from "../store";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { role_words } from "../words";

// Whose token it is, what it lets its holder do, and the way out.
function AccessDialog({ onClose }: { onClose: () => void }) {
  const told = useStore(access);
  const sending = useStore(importing)?.state === "sending";
  const now = useStore(clock);
  if (!told) return null;
  const { token, role, integrations, expires_at } = told;
  return (
    <Dialog
      title="Your access"
      onClose={onClose}
      foot={
        <>
          <Button onClick={signOut}>Sign out</Button>
          <Button kind="primary" focus onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <dl class="facts">
        <dt>Token</dt>
        <dd>
          <bdi>{token}</bdi>
        </dd>
        <dt>Role</dt>
        <dd>
          <b>{role}</b>: {role_words[role] ?? "a role that this page does not know"}
        </dd>
        <dt>Integrations</dt>
        <dd>{isLimited(told) ? integrations.join(", ") : "all"}</dd>
        <dt>Expires</dt>
        <dd>
          {expires_at === null ? (
            "never, unless it is revoked"
          ) : (
            <span class={endsSoon(told, now) ? "badge warning" : undefined} title={moment(expires_at)}>
              {until(expires_at, now)}
            </span>
          )}
        </dd>
      </dl>
      {role !== "admin" && (
        <p class="muted">
          What this role may not do is not offered here. Who needs more asks whoever runs the server for
          another token.
        </p>
      )}
      {sending && (
        <div class="note-box warning">
          <p>A file is being imported. Signing out stops it; what was linked until then stays.</p>
        </div>
      )}
    </Dialog>
  );
}

export function showAccess(): void {
  openDialog((close) => <AccessDialog onClose={close} />);
}
