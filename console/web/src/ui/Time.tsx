import { clock } from "../clock";
import { ago, moment } from "../format";
import { useStore } from "../store";

export function Time({ at }: { at: string }) {
  // The clock ticks rarely, and what is drawn between its ticks may be newer than it.
  const now = Math.max(useStore(clock), Date.parse(at));
  return (
    <time dateTime={at} title={moment(at)}>
      {ago(at, now)}
    </time>
  );
}
