import type { Refused, TrashEntry } from "../contract";
import { openDialog } from "../dialogs";
import { counted } from "../format";
import { amend, notify } from "../notices";
import { restore } from "../restore";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { Id } from "../ui/Id";

const shown_max = 500;

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

function RestoreReport({ refused, onClose }: { refused: readonly Refused[]; onClose: () => void }) {
  return (
    <Dialog title={`${counted(refused.length, "reference")} left out`} wide onClose={onClose} foot={<Button onClick={onClose}>Close</Button>}>
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
            {refused.slice(0, shown_max).map((entry) => (
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
      {refused.length > shown_max && <p class="muted">The first {shown_max} are shown.</p>}
    </Dialog>
  );
}

export function showRefused(refused: readonly Refused[]): void {
  openDialog((close) => <RestoreReport refused={refused} onClose={close} />);
}

// The bar that undoes a removal; it stays until it is used or closed.
export function offerRestore(entry: Pick<TrashEntry, "id" | "integration" | "type" | "references">, text: string): void {
  const notice = notify({ tone: "warning", text, link: { label: "Trash", href: "#/trash" } });
  const run = () => void restore(entry, { notice, onRefused: showRefused });
  amend(notice, { actions: [{ label: "Restore", run }] });
}
