import { useState } from "preact/hooks";
import { api } from "../api";
import { loadCatalog } from "../catalog";
import { useAction } from "../loaded";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { ProblemNote } from "../ui/States";
import type { PlaceProps } from "./place";

export function UniqueTargets({
  integration,
  place,
  onClose,
}: Pick<PlaceProps, "integration" | "place"> & { onClose: () => void }) {
  const stands = integration.types.find(({ name }) => name === place.type)?.unique_targets ?? false;
  const [unique, setUnique] = useState(stands);
  const { busy, problem, run } = useAction();
  const save = () =>
    run(async () => {
      await api.setUniqueTargets(place, unique);
      await loadCatalog();
      onClose();
    });
  return (
    <Dialog
      title={`Targets of ${place.type}`}
      onClose={onClose}
      onSubmit={() => void save()}
      foot={
        <SubmitFoot onClose={onClose} busy={busy} disabled={unique === stands}>
          Save
        </SubmitFoot>
      }
    >
      <label class="check">
        <input
          type="checkbox"
          checked={unique}
          onChange={(event) => setUnique(event.currentTarget.checked)}
        />
        <span>
          <b>One source per target</b>
          Refuse to link a second source to a record of {integration.target_platform} that has one. Links that
          exist stay; see Duplicates for those that share a target.
        </span>
      </label>
      <ProblemNote problem={problem} />
    </Dialog>
  );
}
