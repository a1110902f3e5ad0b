import { api } from "./api";
import { changed } from "./changes";
import type { Refused, RestoreStep, TrashEntry } from "./contract";
import { count, counted } from "./format";
import { notify, type NoticeAction } from "./notices";
import { asProblem, isAbort } from "./problem";
import { requireSession, sessionSignal } from "./session";

// Brings back from the trash step by step, and tells how far it is.

interface Restored {
  restored: number;
  unchanged: number;
  refused: number;
  // The first of them.
  examples: Refused[];
}

const examples_max = 500;

type Restorable = Pick<TrashEntry, "id" | "integration" | "type" | "references">;

export function restoredName({ integration, type }: Restorable): string {
  return type === null ? integration : `${integration} / ${type}`;
}

// Right after a removal the server has to write it down before it can take it back.
const retry_ms = 1000;
const retries_max = 120;

async function step(id: TrashEntry["id"], body: { cursor?: string; name?: string }): Promise<RestoreStep> {
  const begun = sessionSignal();
  for (let attempt = 0; ; attempt++) {
    try {
      return await api.restore(id, body);
    } catch (error) {
      if (asProblem(error).slug !== "overloaded" || attempt === retries_max) throw error;
      await new Promise((resolve) => setTimeout(resolve, retry_ms));
      requireSession(begun);
    }
  }
}

async function steps(
  entry: Restorable,
  name: string | undefined,
  onStep: (so_far: Restored) => void,
): Promise<Restored> {
  const total: Restored = { restored: 0, unchanged: 0, refused: 0, examples: [] };
  let cursor: string | undefined;
  do {
    const { restored, unchanged, refused, next_cursor } = await step(entry.id, { cursor, name });
    total.restored += restored;
    total.unchanged += unchanged;
    total.refused += refused.length;
    total.examples.push(...refused.slice(0, examples_max - total.examples.length));
    cursor = next_cursor ?? undefined;
    onStep(total);
  } while (cursor);
  return total;
}

// One notice at a time tells of what is in the trash under a number.
export function trashTopic(id: TrashEntry["id"]): string {
  return `trash ${id}`;
}

// `onRefused` opens the report of what stayed out: examples, and how many there are in all.
export async function restore(
  entry: Restorable,
  { name, onRefused }: { name?: string; onRefused: (examples: readonly Refused[], refused: number) => void },
): Promise<void> {
  const what = restoredName(entry);
  const topic = trashTopic(entry.id);
  notify({ topic, tone: "busy", text: `Restoring ${what}…` });
  try {
    const { restored, unchanged, refused, examples } = await steps(entry, name, (so_far) => {
      const seen = so_far.restored + so_far.unchanged + so_far.refused;
      notify({
        topic,
        tone: "busy",
        text: `Restoring ${what}: ${count(seen)} of ${counted(entry.references, "reference")} so far…`,
      });
    });
    const parts = [`${what} is back: ${counted(restored, "reference")} restored`];
    if (unchanged > 0) parts.push(`${counted(unchanged, "was", "were")} there again already`);
    if (refused > 0)
      parts.push(`${counted(refused, "was", "were")} left out, since newer data stands in the way`);
    const actions: NoticeAction[] =
      refused > 0 ? [{ label: "See which", run: () => onRefused(examples, refused) }] : [];
    notify({ topic, tone: refused > 0 ? "warning" : "done", text: `${parts.join("; ")}.`, actions });
  } catch (error) {
    if (isAbort(error)) return;
    const again: NoticeAction = { label: "Try again", run: () => void restore(entry, { name, onRefused }) };
    notify({
      topic,
      tone: "problem",
      text: `${what} could not be restored. ${asProblem(error).message}`,
      actions: [again],
    });
  }
  changed();
}
