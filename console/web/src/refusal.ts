import type { Outcomes } from "./contract";
import { Problem } from "./problem";

const words: Readonly<Record<string, (other: string) => string>> = {
  stale_token: () => "The claim has passed on to somebody else, or is gone. Nothing was changed.",
  conflict: (other) => `It is linked to ${other} meanwhile. Nothing was changed.`,
  synced: (other) => `It is linked to ${other}. Remove the link first. Nothing was changed.`,
  target_taken: (other) =>
    `The target is linked to ${other} already, and this type allows one source per target. Nothing was changed.`,
  ignored: () => "It is ignored. Nothing was changed.",
  missing: () => "It is not there any more. Nothing was changed.",
};

// A batch of one item is answered with a verdict, also where it was refused: throws that.
export function requireDone({ outcomes }: Outcomes): void {
  const outcome = outcomes[0];
  if (!outcome || outcome.verdict === "done" || outcome.verdict === "unchanged") return;
  const detail =
    words[outcome.verdict]?.(outcome.other ?? "another record") ??
    `It was refused: ${outcome.verdict.replaceAll("_", " ")}.`;
  throw new Problem(outcome.verdict, 0, "Refused", detail);
}
