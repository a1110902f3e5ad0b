import { useState } from "preact/hooks";
import { api } from "../api";
import { loadCatalog } from "../catalog";
import type { Integration } from "../contract";
import { useAction } from "../loaded";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { ProblemNote } from "../ui/States";

export function RenamePlatforms({ integration, onClose }: { integration: Integration; onClose: () => void }) {
  const [source_platform, setSource] = useState(integration.source_platform);
  const [target_platform, setTarget] = useState(integration.target_platform);
  const { busy, problem, run } = useAction();
  const complete = source_platform.trim() && target_platform.trim();
  const save = () =>
    run(async () => {
      if (!complete) return;
      await api.renamePlatforms(integration.name, {
        source_platform: source_platform.trim(),
        target_platform: target_platform.trim(),
      });
      await loadCatalog();
      onClose();
    });
  return (
    <Dialog
      title="Platform names"
      onClose={onClose}
      onSubmit={() => void save()}
      foot={
        <SubmitFoot onClose={onClose} busy={busy} disabled={!complete}>
          Save
        </SubmitFoot>
      }
    >
      <p>They are how people call the two sides. References and sync engines are not touched.</p>
      <div class="pair">
        <Field label="Source platform" value={source_platform} onInput={setSource} focus />
        <Field label="Target platform" value={target_platform} onInput={setTarget} />
      </div>
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
