import { api } from "./api";
import type { Status } from "./contract";
import { difference, quantile } from "./latency";
import { isLimited, tellAccess } from "./access";
import { asProblem, isAbort, type Problem } from "./problem";
import { accepted, session } from "./session";
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

// Whether the server has said anything, be it that something is wrong. Before that nobody knows what to
// offer, or whether to ask for a token.
export const heard = new Store(false);

export function placeKey(integration: string, type: string): string {
  return `${integration}/${type}`;
}

interface Counted {
  checked: number;
  synced: number;
}

// Who may see some integrations only is told no counts of all of them, but those of each place.
function countedIn(status: Status): Counted {
  if (!isLimited(status.access)) return { checked: status.ids_checked, synced: status.ids_synced };
  return status.places.reduce(
    (sum, { checked, hits }) => ({ checked: sum.checked + checked, synced: sum.synced + hits }),
    { checked: 0, synced: 0 },
  );
}

function sampleOf(before: Status, after: Status, seconds: number, at: number): Sample | null {
  const [counted_before, counted_after] = [countedIn(before), countedIn(after)];
  const checked = counted_after.checked - counted_before.checked;
  const restarted = after.uptime_seconds < before.uptime_seconds || checked < 0;
  if (restarted || seconds <= 0) return null;
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
    hit_rate: checked > 0 ? (counted_after.synced - counted_before.synced) / checked : null,
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
  clearTimeout(timer);
  if (session.get().asking) return;
  const now = performance.now();
  const before = server.get();
  try {
    const status = await api.status(AbortSignal.timeout(timeout_ms));
    // After a pause or an outage the difference would be an average over it: leave it out.
    const seconds = (now - asked_at) / 1000;
    const steady = before.status && !before.problem && seconds * 1000 < 2 * interval_ms;
    const sample = steady ? sampleOf(before.status!, status, seconds, Date.now()) : null;
    const samples = sample ? [...before.samples, sample].slice(-samples_max) : before.samples;
    if (status.access) accepted();
    tellAccess(status.access);
    server.set({ status, problem: null, samples });
    heard.set(true);
  } catch (error) {
    if (isAbort(error) || session.get().asking) return;
    server.set({ ...before, problem: asProblem(error) });
    heard.set(true);
  }
  asked_at = now;
  timer = setTimeout(poll, document.hidden ? interval_hidden_ms : interval_ms);
}

export function startPolling(): void {
  void poll();
  session.subscribe(() => void poll());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void poll();
  });
}

// Whether changes made here can be taken. Unknown counts as yes: the server answers for itself.
export function takesChanges({ status, problem }: ServerView): boolean {
  if (problem) return false;
  return status === null || (status.state === "ready" && status.role !== "standby");
}
