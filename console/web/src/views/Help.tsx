import { useRights } from "../access";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";

const shortcuts: [keys: string[], what: string][] = [
  [["/"], "Search"],
  [["↓", "↑"], "Move through the rows; from the search field too"],
  [["Enter"], "Open the details of a row"],
  [["Esc"], "Close the details or a dialog; clear the search"],
  [["←", "→"], "Previous and next page"],
  [["r"], "Read the list anew"],
  [["?"], "This help"],
];

const shortcuts_of_changes: typeof shortcuts = [
  [["n"], "Add a reference"],
  [["e"], "Change the target of the open reference"],
  [["Delete"], "Remove the link of the open reference"],
];

const words: [term: string, meaning: string][] = [
  [
    "Reference",
    "The link between a source record and its counterpart in the target platform. With it a sync updates; without it a sync creates.",
  ],
  [
    "Claim",
    "A worker has reserved a source ID before creating its record, so that no other worker creates it too. It is settled with the new target ID, or released.",
  ],
  [
    "Outcome unknown",
    "The time of a claim ran out before its worker told what became of it. The record may exist in the target platform.",
  ],
  ["Ignored", "A source ID that must never be synced: nobody can claim or link it until that is lifted."],
  [
    "Conflict",
    "A source ID is linked to another target than the one that was to be added. Nothing is overwritten silently.",
  ],
];

export function Help({ onClose }: { onClose: () => void }) {
  const { write } = useRights();
  return (
    <Dialog
      title="Help"
      wide
      reading
      onClose={onClose}
      foot={
        <Button focus onClick={onClose}>
          Close
        </Button>
      }
    >
      <h3>Keys</h3>
      <dl class="keys">
        {[...shortcuts, ...(write ? shortcuts_of_changes : [])].map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h3>Words</h3>
      <dl class="words">
        {words.map(([term, meaning]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
