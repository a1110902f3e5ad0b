import type { Refused, TrashEntry } from "../contract";
import { openDialog } from "../dialogs";
import { counted } from "../format";
import { notify } from "../notices";
import { restore, trashTopic } from "../restore";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Id } from "../ui/Id";

function reason({ outcome }: Refused) {
  const { verdict, other } = outcome;
  if (verdict === "conflict" && other) {
    return (
      <>
        linked to <Id id={other} /> meanwhile
      </>
    );
  }
  if (verdict === "target_taken" && other) {
    return (
      <>
        the target belongs to <Id id={other} /> meanwhile
      </>
    );
  }
  if (verdict === "ignored") return <>ignored meanwhile</>;
  return <>{verdict.replaceAll("_", " ")}</>;
}

function RestoreReport({
  examples,
  refused,
  onClose,
}: {
  examples: readonly Refused[];
  refused: number;
  onClose: () => void;
}) {
  return (
    <Dialog
      title={`${counted(refused, "reference")} left out`}
      wide
      reading
      onClose={onClose}
      foot={
        <Button focus onClick={onClose}>
          Close
        </Button>
      }
    >
      <p>What stands now was kept, since it is newer.</p>
      <div class="rows">
        <table class="table">
          <caption class="sr-only">References that were not restored</caption>
          <thead>
            <tr>
              <th scope="col">Source</th>
              <th scope="col">Target before</th>
              <th scope="col">Why it was left out</th>
            </tr>
          </thead>
          <tbody>
            {examples.map((entry) => (
              <tr key={entry.source_id}>
                <td>
                  <Id id={entry.source_id} cut />
                </td>
                <td>
                  <Id id={entry.target_id} cut />
                </td>
                <td>{reason(entry)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {refused > examples.length && <p class="muted">The first {examples.length} are shown.</p>}
    </Dialog>
  );
}

export function showRefused(examples: readonly Refused[], refused: number): void {
  openDialog((close) => <RestoreReport examples={examples} refused={refused} onClose={close} />);
}

// The bar that undoes a removal; it stays until it is used or closed.
export function offerRestore(
  entry: Pick<TrashEntry, "id" | "integration" | "type" | "references">,
  text: string,
): void {
  notify({
    topic: trashTopic(entry.id),
    tone: "warning",
    text,
    actions: [{ label: "Restore", run: () => void restore(entry, { onRefused: showRefused }) }],
    link: { label: "Trash", href: "#/trash" },
  });
}
