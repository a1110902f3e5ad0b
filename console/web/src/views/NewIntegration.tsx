import { useState } from "preact/hooks";
import { api } from "../api";
import { changed } from "../changes";
import { useAction } from "../loaded";
import { notify } from "../notices";
import { go, integrationLink } from "../route";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { ProblemNote } from "../ui/States";

export function NewIntegration({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [source_platform, setSource] = useState("");
  const [target_platform, setTarget] = useState("");
  const { busy, problem, run } = useAction();
  const complete = name.trim() && source_platform.trim() && target_platform.trim();

  const create = () =>
    run(async () => {
      if (!complete) return;
      const made = await api.createIntegration({
        name: name.trim(),
        source_platform: source_platform.trim(),
        target_platform: target_platform.trim(),
      });
      changed();
      onClose();
      notify({ text: `${made.name} is ready for its first references.` });
      go(integrationLink(made.name));
    });

  return (
    <Dialog
      title="New integration"
      onClose={onClose}
      onSubmit={() => void create()}
      foot={
        <SubmitFoot onClose={onClose} busy={busy} disabled={!complete}>
          Create
        </SubmitFoot>
      }
    >
      <p>
        An integration is a pair of platforms. It starts with articles, customers, orders and stock; you can
        add your own entity types.
      </p>
      <Field
        label="Name"
        value={name}
        onInput={setName}
        mono
        focus
        placeholder="shop-erp"
        hint="Sync engines use it. It cannot be changed."
      />
      <div class="pair">
        <Field
          label="Source platform"
          value={source_platform}
          onInput={setSource}
          placeholder="Shopify"
          hint="Where records come from."
        />
        <Field
          label="Target platform"
          value={target_platform}
          onInput={setTarget}
          placeholder="Business Central"
          hint="Where records are created."
        />
      </div>
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
