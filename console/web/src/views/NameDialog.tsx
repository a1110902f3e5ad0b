import { useState } from "preact/hooks";
import { actor, actor_bytes_max, setActor } from "../actor";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";

export function NameDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState(actor.get());
  const too_long = new TextEncoder().encode(name.trim()).length > actor_bytes_max;
  const save = () => {
    if (too_long) return;
    setActor(name);
    onClose();
  };
  return (
    <Dialog
      title="Your name"
      onClose={onClose}
      onSubmit={save}
      foot={
        <SubmitFoot onClose={onClose} disabled={too_long}>
          Save
        </SubmitFoot>
      }
    >
      <Field
        label="Name"
        value={name}
        onInput={setName}
        focus
        hint="The history shows it beside each change that you make from this browser. It gives no rights."
        error={too_long ? "That is too long." : undefined}
      />
    </Dialog>
  );
}
