import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Preview } from "../contract";
import { count } from "../format";
import { useAction, type Loaded } from "../loaded";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { ProblemNote, Skeleton } from "../ui/States";

interface Props<T extends Preview> {
  title: string;
  action: string;
  preview: Loaded<T>;
  means: (preview: T) => ComponentChildren;
  remove: (preview: T) => Promise<void>;
  onClose: () => void;
}

function digits(text: string): string {
  return text.replace(/[\s,.'’]/g, "");
}

// Removes much at once: shows what it means, and has the number of references typed in by hand.
// A preview holds for a while only, and is asked for again when it is over or no longer true.
export function ConfirmRemoval<T extends Preview>({
  title,
  action,
  preview,
  means,
  remove,
  onClose,
}: Props<T>) {
  const [typed, setTyped] = useState("");
  const { busy, problem, run } = useAction();
  const shown = preview.value;
  const matches = shown !== null && digits(typed) === String(shown.references);

  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(preview.reload, shown.valid_seconds * 1000);
    return () => clearTimeout(timer);
  }, [shown]);

  const confirm = () => {
    if (!shown || !matches) return;
    void run(async () => {
      try {
        await remove(shown);
      } catch (error) {
        setTyped("");
        preview.reload();
        throw error;
      }
    });
  };

  return (
    <Dialog
      title={title}
      onClose={onClose}
      onSubmit={confirm}
      foot={
        <SubmitFoot onClose={onClose} kind="danger" busy={busy} disabled={!matches}>
          {action}
        </SubmitFoot>
      }
    >
      {!shown && !preview.problem && <Skeleton rows={3} label="Counting" />}
      <ProblemNote problem={preview.problem} />
      {shown && (
        <>
          <p class="removal-count">
            <b>{count(shown.references)}</b> {shown.references === 1 ? "reference" : "references"}
          </p>
          {shown.references > 0 && (
            <div class="note-box warning">
              <p>{shown.consequence}</p>
            </div>
          )}
          {means(shown)}
          <Field
            label={
              <>
                Type <b>{count(shown.references)}</b> to go on
              </>
            }
            value={typed}
            onInput={setTyped}
            mono
            inputMode="numeric"
            focus
          />
        </>
      )}
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
