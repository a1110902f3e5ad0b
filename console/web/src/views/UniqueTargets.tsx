import { useState } from "preact/hooks";
import { api } from "../api";
import { loadCatalog } from "../catalog";
import { useAction } from "../loaded";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
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
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" submit busy={busy} disabled={unique === stands}>
            Save
          </Button>
        </>
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
