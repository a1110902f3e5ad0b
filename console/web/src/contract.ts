// The JSON of the HTTP API, as /api/v1/openapi.json describes it.

export type Origin = "sync" | "manual" | "import";

export interface Place {
  integration: string;
  type: string;
}

export interface EntityType {
  name: string;
  references: number;
  unique_targets: boolean;
}

export interface Integration {
  name: string;
  source_platform: string;
  target_platform: string;
  references: number;
  types: EntityType[];
}

export interface Reference {
  source_id: string;
  target_id: string;
  origin: Origin;
  created_at: string;
  created_by: string;
  updated_at: string | null;
  updated_by: string | null;
  lsn: number;
}

export interface ReferencePage {
  references: Reference[];
  next_cursor: string | null;
  as_of_lsn: number;
  examined: number;
}

export type Verdict =
  | "done"
  | "unchanged"
  | "conflict"
  | "duplicate"
  | "missing"
  | "ignored"
  | "target_taken"
  | "synced"
  | "granted"
  | "outcome_unknown"
  | "held"
  | "stale_token"
  | "bad_row";

export interface Outcome {
  verdict: Verdict;
  other?: string;
  number?: number;
  token?: string;
}

export interface Outcomes {
  outcomes: Outcome[];
  totals: Partial<Record<Verdict, number>>;
}

export interface Claim {
  source_id: string;
  owner: string;
  token: string;
  state: "open" | "expired";
  remaining_ms: number;
  lost_owner: string | null;
}

export interface ClaimPage {
  claims: Claim[];
  next_cursor: string | null;
}

export interface HistoryEvent {
  kind: "added" | "put" | "edited" | "deleted" | "ignored" | "unignored" | "reclaimed" | "purged";
  at: string;
  actor: string;
  before: string | null;
  after: string | null;
  origin: Origin | null;
  lsn: number;
}

export interface History {
  source_id: string;
  reference: Reference | null;
  ignored: boolean;
  claim: Claim | null;
  other_sources: string[];
  events: HistoryEvent[];
  as_of_lsn: number;
}

export interface Explanation {
  source_id: string;
  sentences: string[];
}

// Of a shared target, or of source IDs that look alike: then with what they come to.
export interface DuplicateGroup {
  target_id?: string;
  key?: string;
  source_ids: string[];
  more: boolean;
}

export interface DuplicatePage {
  groups: DuplicateGroup[];
  next_cursor: string | null;
  examined: number;
  references: number;
}

export interface Preview {
  references: number;
  token: string;
  valid_seconds: number;
  target_platform: string;
  consequence: string;
}

export interface DropPreview extends Preview {
  types: number;
  open_claims: number;
}

export interface Removed {
  references: number;
  trash: string | number;
}

export interface TrashEntry {
  id: string | number;
  integration: string;
  type: string | null;
  references: number;
  purged_at: string;
  expires_at: string;
  actor: string;
}

export interface Refused {
  source_id: string;
  target_id: string;
  outcome: Outcome;
}

export interface RestoreStep {
  restored: number;
  unchanged: number;
  refused: Refused[];
  next_cursor: string | null;
}

export interface ImportProblem {
  line: number;
  source_id: string | null;
  target_id: string | null;
  verdict: Verdict;
  detail: string;
}

export interface Import {
  id: string;
  integration: string;
  type: string;
  dry_run: boolean;
  state: "running" | "done" | "failed";
  rows: number;
  bytes: number;
  bytes_total: number | null;
  totals: Partial<Record<Verdict, number>>;
  problems: ImportProblem[];
  problems_left_out: number;
  error: string | null;
}

export interface Standby {
  name: string;
  in_sync: boolean;
  durable_lsn: number;
  lag_changes: number;
}

export interface Latency {
  bounds_us: number[];
  check: number[];
  change: number[];
}

export interface PlaceStatus extends Place {
  references: number;
  checked: number;
  hits: number;
  misses: number;
  added: number;
  conflicts: number;
  claims_open: number;
  claims_expired: number;
}

export type Role = "reader" | "syncer" | "admin" | "standby" | "metrics";

// Of the access token with which it was asked.
export interface Access {
  token: string;
  role: Role;
  // That it is limited to; empty for all.
  integrations: string[];
  expires_at: string | null;
}

export interface Status {
  version: string;
  state: "loading" | "standby" | "ready" | "read-only" | "draining" | "diverged";
  role: "primary" | "standby" | null;
  trouble: string | null;
  uptime_seconds: number;
  epoch: number;
  lsn: number;
  snapshot_lsn: number;
  references: number;
  references_expected: number | null;
  integrations: number;
  memory_bytes: number;
  memory_limit_bytes: number;
  journal_bytes: number | null;
  snapshot_bytes: number | null;
  connections: number;
  requests: number;
  ids_checked: number;
  ids_synced: number;
  ids_looked_up: number;
  items_done: number;
  items_conflict: number;
  commit_us_last: number;
  ack: "disk" | "standby" | null;
  standbys: Standby[];
  primary: string | null;
  following: boolean | null;
  lag_ms: number | null;
  lag_changes: number | null;
  latency: Latency;
  places: PlaceStatus[];
  // Null where no token is needed, and while the server loads.
  access: Access | null;
}
