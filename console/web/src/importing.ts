import { api, newKey } from "./api";
import { changed } from "./changes";
import type { Import, Place } from "./contract";
import { asProblem, isAbort, type Problem } from "./problem";
import { Store } from "./store";

// The import that this page is sending. It goes on while other views are looked at.

export interface Importing {
  place: Place;
  file: File;
  dry_run: boolean;
  overwrite: boolean;
  sent_bytes: number;
  // The server's account so far, and at the end.
  report: Import | null;
  state: "sending" | "done" | "failed" | "stopped";
  problem: Problem | null;
  stop: () => void;
}

export const importing = new Store<Importing | null>(null);

const poll_ms = 500;

function amend(change: Partial<Importing>): void {
  const current = importing.get();
  if (current) importing.set({ ...current, ...change });
}

// The answer of the upload comes at its end only; until then this tells how far the server is.
async function follow(import_id: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, poll_ms));
    try {
      const report = await api.import(import_id, signal);
      if (!signal.aborted) amend({ report });
    } catch {
      // Not begun yet, or no answer this time: the upload itself tells what is wrong.
    }
  }
}

function askBeforeLeaving(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

export async function startImport(
  place: Place,
  file: File,
  { dry_run, overwrite }: { dry_run: boolean; overwrite: boolean },
): Promise<void> {
  const import_id = newKey();
  const upload = new AbortController();
  const polling = new AbortController();
  importing.set({
    place,
    file,
    dry_run,
    overwrite,
    sent_bytes: 0,
    report: null,
    state: "sending",
    problem: null,
    stop: () => upload.abort(),
  });
  void follow(import_id, polling.signal);
  window.addEventListener("beforeunload", askBeforeLeaving);
  try {
    const report = await api.upload(place, {
      import_id,
      file,
      dry_run,
      overwrite,
      onSent: (sent_bytes) => amend({ sent_bytes }),
      signal: upload.signal,
    });
    amend({ report, state: report.state === "failed" ? "failed" : "done", sent_bytes: file.size });
  } catch (error) {
    amend(isAbort(error) ? { state: "stopped" } : { state: "failed", problem: asProblem(error) });
  } finally {
    polling.abort();
    window.removeEventListener("beforeunload", askBeforeLeaving);
    if (!dry_run) changed();
  }
}

export function forgetImport(): void {
  importing.set(null);
}
