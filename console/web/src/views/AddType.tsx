import { useState } from "preact/hooks";
import { api } from "../api";
import { changed } from "../changes";
import { useAction } from "../loaded";
import { go, placeLink } from "../route";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { ProblemNote } from "../ui/States";

export function AddType({ integration, onClose }: { integration: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const { busy, problem, run } = useAction();
  const type = name.trim();
  const add = () =>
    run(async () => {
      if (!type) return;
      await api.addType(integration, type);
      changed();
      onClose();
      go(placeLink({ integration, type }));
    });
  return (
    <Dialog
      title={`Add an entity type to ${integration}`}
      onClose={onClose}
      onSubmit={() => void add()}
      foot={
        <SubmitFoot onClose={onClose} busy={busy} disabled={!type}>
          Add
        </SubmitFoot>
      }
    >
      <Field
        label="Name"
        value={name}
        onInput={setName}
        mono
        focus
        placeholder="invoices"
        hint="Sync engines use it. It cannot be changed."
      />
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
