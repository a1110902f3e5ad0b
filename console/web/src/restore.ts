import { api } from "./api";
import { changed } from "./changes";
import type { Refused, TrashEntry } from "./contract";
import { counted } from "./format";
import { amend, notify, type NoticeAction } from "./notices";
import { asProblem } from "./problem";

// Brings back from the trash step by step, and tells how far it is.

interface Restored {
  restored: number;
  unchanged: number;
  refused: Refused[];
}

type Restorable = Pick<TrashEntry, "id" | "integration" | "type" | "references">;

export function restoredName({ integration, type }: Restorable): string {
  return type === null ? integration : `${integration} / ${type}`;
}

async function steps(entry: Restorable, name: string | undefined, onStep: (so_far: Restored) => void): Promise<Restored> {
  const total: Restored = { restored: 0, unchanged: 0, refused: [] };
  let cursor: string | undefined;
  do {
    const step = await api.restore(entry.id, { cursor, name });
    total.restored += step.restored;
    total.unchanged += step.unchanged;
    total.refused.push(...step.refused);
    cursor = step.next_cursor ?? undefined;
    onStep(total);
  } while (cursor);
  return total;
}

// `notice` is the one that offered it, if any. `onRefused` opens the report of what stayed out.
export async function restore(
  entry: Restorable,
  { name, notice, onRefused }: { name?: string; notice?: number; onRefused: (refused: Refused[]) => void },
): Promise<void> {
  const what = restoredName(entry);
  const id = notice ?? notify({ tone: "busy", text: "" });
  amend(id, { tone: "busy", text: `Restoring ${what}…`, actions: [], link: undefined });
  try {
    const { restored, unchanged, refused } = await steps(entry, name, (so_far) => {
      const seen = so_far.restored + so_far.unchanged + so_far.refused.length;
      amend(id, { text: `Restoring ${what}: ${counted(seen, "reference")} of ${counted(entry.references, "reference")} so far…` });
    });
    const parts = [`${what} is back: ${counted(restored, "reference")} restored`];
    if (unchanged > 0) parts.push(`${counted(unchanged, "was", "were")} there again already`);
    if (refused.length > 0) parts.push(`${counted(refused.length, "was", "were")} left out, since newer data stands in the way`);
    const actions: NoticeAction[] = refused.length > 0 ? [{ label: "See which", run: () => onRefused(refused) }] : [];
    amend(id, { tone: refused.length > 0 ? "warning" : "done", text: `${parts.join("; ")}.`, actions });
  } catch (error) {
    const again: NoticeAction = { label: "Try again", run: () => void restore(entry, { name, notice: id, onRefused }) };
    amend(id, { tone: "problem", text: `${what} could not be restored. ${asProblem(error).message}`, actions: [again] });
  }
  changed();
}
