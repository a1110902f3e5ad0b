import { api } from "./api";
import type { Status } from "./contract";
import { difference, quantile } from "./latency";
import { asProblem, type Problem } from "./problem";
import { Store } from "./store";

// What the daemon says of itself, asked again and again, and what changed from answer to answer.

export interface Sample {
  at: number;
  checks_per_second: number;
  lookups_per_second: number;
  changes_per_second: number;
  hit_rate: number | null;
  check_p50_us: number | null;
  check_p99_us: number | null;
  change_p50_us: number | null;
  change_p99_us: number | null;
  // By integration and type, as placeKey writes them.
  place_checks_per_second: ReadonlyMap<string, number>;
}

export interface ServerView {
  status: Status | null;
  problem: Problem | null;
  samples: readonly Sample[];
}

const interval_ms = 2000;
const interval_hidden_ms = 15_000;
const timeout_ms = 6000;
const samples_max = 150;

export const server = new Store<ServerView>({ status: null, problem: null, samples: [] });

export function placeKey(integration: string, type: string): string {
  return `${integration}/${type}`;
}

function sampleOf(before: Status, after: Status, seconds: number, at: number): Sample | null {
  const restarted = after.uptime_seconds < before.uptime_seconds || after.ids_checked < before.ids_checked;
  if (restarted || seconds <= 0) return null;
  const checked = after.ids_checked - before.ids_checked;
  const check = difference(after.latency.check, before.latency.check);
  const change = difference(after.latency.change, before.latency.change);
  const bounds = after.latency.bounds_us;
  const places_before = new Map(
    before.places.map((place) => [placeKey(place.integration, place.type), place.checked]),
  );
  const rates = after.places.map((place): [string, number] => {
    const key = placeKey(place.integration, place.type);
    return [key, Math.max(0, place.checked - (places_before.get(key) ?? place.checked)) / seconds];
  });
  return {
    at,
    checks_per_second: checked / seconds,
    lookups_per_second: (after.ids_looked_up - before.ids_looked_up) / seconds,
    changes_per_second: (after.items_done - before.items_done) / seconds,
    hit_rate: checked > 0 ? (after.ids_synced - before.ids_synced) / checked : null,
    check_p50_us: quantile(bounds, check, 0.5),
    check_p99_us: quantile(bounds, check, 0.99),
    change_p50_us: quantile(bounds, change, 0.5),
    change_p99_us: quantile(bounds, change, 0.99),
    place_checks_per_second: new Map(rates),
  };
}

let asked_at = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

async function poll(): Promise<void> {
  const now = performance.now();
  const before = server.get();
  try {
    const status = await api.status(AbortSignal.timeout(timeout_ms));
    // After a pause or an outage the difference would be an average over it: leave it out.
    const seconds = (now - asked_at) / 1000;
    const steady = before.status && !before.problem && seconds * 1000 < 2 * interval_ms;
    const sample = steady ? sampleOf(before.status!, status, seconds, Date.now()) : null;
    const samples = sample ? [...before.samples, sample].slice(-samples_max) : before.samples;
    server.set({ status, problem: null, samples });
  } catch (error) {
    server.set({ ...before, problem: asProblem(error) });
  }
  asked_at = now;
  timer = setTimeout(poll, document.hidden ? interval_hidden_ms : interval_ms);
}

export function startPolling(): void {
  void poll();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    clearTimeout(timer);
    void poll();
  });
}

// Whether changes made here can be taken. Unknown counts as yes: the server answers for itself.
export function takesChanges({ status, problem }: ServerView): boolean {
  if (problem) return false;
  return status === null || (status.state === "ready" && status.role !== "standby");
}
