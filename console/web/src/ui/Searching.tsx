import { compact } from "../format";
import { Button } from "./Button";

// A search that reads many rows: how far it is, and a way to end it with what it has.
export function Searching({
  examined,
  total,
  onStop,
}: {
  examined: number;
  total: number;
  onStop: () => void;
}) {
  return (
    <div class="searching" role="status">
      <progress max={Math.max(1, total, examined)} value={examined} aria-label="How far the search is" />
      <span>
        Looked through {compact(examined)} of {compact(total)}
      </span>
      <Button onClick={onStop}>Stop here</Button>
    </div>
  );
}
