import type {
  ClaimPage,
  DropPreview,
  DuplicatePage,
  Explanation,
  History,
  Import,
  Integration,
  Outcomes,
  Place,
  Preview,
  ReferencePage,
  Removed,
  RestoreStep,
  Status,
  TrashEntry,
} from "./contract";
import { actor } from "./actor";
import { isAbort, problemOf, unreachable, type Problem } from "./problem";
import { refused, requireSession, session, sessionSignal } from "./session";

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
type Query = Record<string, string | number | boolean | null | undefined>;

interface Ask {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
}

const base = "/api/v1";
// A write whose answer was lost is asked again with its key, and answered as the first time.
const write_attempts_max = 3;
const between_attempts_ms = 400;

function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return base + path + (text ? `?${text}` : "");
}

function placePath({ integration, type }: Place): string {
  return `${integrationPath(integration)}/types/${encodeURIComponent(type)}`;
}

function integrationPath(name: string): string {
  return `/integrations/${encodeURIComponent(name)}`;
}

// Version 4 by hand where the page has no secure context, and so no randomUUID.
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const digits = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function headersOf(method: Method, contentType: string | null): Record<string, string> {
  const headers: Record<string, string> = {};
  if (contentType) headers["Content-Type"] = contentType;
  if (method === "GET") return headers;
  headers["Idempotency-Key"] = newKey();
  const name = actor.get();
  if (name) headers["Xref-Actor"] = encodeURIComponent(name);
  return headers;
}

function authorization(token: string | null): Record<string, string> {
  return token === null ? {} : { Authorization: `Bearer ${token}` };
}

function asAnswerless(error: unknown): unknown {
  return isAbort(error) ? error : unreachable();
}

// Throws the problem of an answer that is none of success; a token that is not good ends the session.
function refusal(status: number, text: string, token: string | null): Problem {
  const problem = problemOf(status, text);
  if (status === 401) refused(token, problem);
  return problem;
}

// In the name of whoever is signed in, and no longer than that. Returns answers of success only.
async function send(url: string, init: RequestInit): Promise<Response> {
  const { token } = session.get();
  const signals = [sessionSignal(), ...(init.signal ? [init.signal] : [])];
  let response: Response;
  try {
    response = await fetch(url, {
      cache: "no-store",
      ...init,
      headers: { ...init.headers, ...authorization(token) },
      signal: AbortSignal.any(signals),
    });
    if (response.ok) return response;
  } catch (error) {
    throw asAnswerless(error);
  }
  throw refusal(response.status, await textOf(response), token);
}

async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    throw asAnswerless(error);
  }
}

async function once<T>(url: string, init: RequestInit): Promise<T> {
  const text = await textOf(await send(url, init));
  return (text ? JSON.parse(text) : null) as T;
}

// Whether the server lets somebody in with this token; throws the problem if not.
async function tryToken(token: string): Promise<void> {
  let response: Response;
  try {
    response = await fetch(address("/status"), { cache: "no-store", headers: authorization(token) });
  } catch (error) {
    throw asAnswerless(error);
  }
  if (!response.ok) throw problemOf(response.status, await textOf(response));
}

async function ask<T>(method: Method, path: string, { query, body, signal }: Ask = {}): Promise<T> {
  const init: RequestInit = {
    method,
    headers: headersOf(method, body === undefined ? null : "application/json"),
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  };
  const url = address(path, query);
  const begun = sessionSignal();
  for (let attempt = 1; ; attempt++) {
    try {
      return await once<T>(url, init);
    } catch (error) {
      const slug = (error as { slug?: string }).slug;
      const lost = slug === "unreachable" || slug === "in-progress";
      if (method === "GET" || !lost || attempt === write_attempts_max) throw error;
      await new Promise((resolve) => setTimeout(resolve, between_attempts_ms * attempt));
      requireSession(begun);
    }
  }
}

export interface ListQuery {
  order?: string;
  limit?: number;
  cursor?: string | null;
  q?: string;
  contains?: string;
  origin?: string;
}

export interface Upload {
  import_id: string;
  file: File;
  dry_run: boolean;
  overwrite: boolean;
  onSent: (bytes: number) => void;
  signal: AbortSignal;
}

export type ExportFormat = "csv" | "ndjson";

function exportAddress(place: Place, format: ExportFormat): string {
  return address(`${placePath(place)}/export`, { format });
}

// XMLHttpRequest, since fetch does not tell how much of a body was sent.
function upload(
  place: Place,
  { import_id, file, dry_run, overwrite, onSent, signal }: Upload,
): Promise<Import> {
  const ndjson = /\.(ndjson|jsonl)$/i.test(file.name);
  const request = new XMLHttpRequest();
  request.open("POST", address(`${placePath(place)}/imports`, { import_id, dry_run, overwrite }));
  const { token } = session.get();
  const headers = {
    ...headersOf("POST", ndjson ? "application/x-ndjson" : "text/csv"),
    ...authorization(token),
  };
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
  request.upload.onprogress = (event) => onSent(event.loaded);
  signal.addEventListener("abort", () => request.abort());
  return new Promise((resolve, reject) => {
    request.onload = () => {
      if (request.status < 300) resolve(JSON.parse(request.responseText) as Import);
      else reject(refusal(request.status, request.responseText, token));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.send(file);
  });
}

export const api = {
  tryToken,
  status: (signal?: AbortSignal) => ask<Status>("GET", "/status", { signal }),

  integrations: (signal?: AbortSignal) =>
    ask<{ integrations: Integration[] }>("GET", "/integrations", { signal }),
  createIntegration: (body: { name: string; source_platform: string; target_platform: string }) =>
    ask<Integration>("POST", "/integrations", { body }),
  renamePlatforms: (name: string, body: { source_platform: string; target_platform: string }) =>
    ask<{ changed: boolean }>("PATCH", integrationPath(name), { body }),
  dropPreview: (name: string) =>
    ask<DropPreview>("POST", `${integrationPath(name)}/drop-preview`, { body: {} }),
  drop: (name: string, body: { token: string; references: number }) =>
    ask<Removed>("POST", `${integrationPath(name)}/drop`, { body }),
  addType: (integration: string, name: string) =>
    ask<{ name: string }>("POST", `${integrationPath(integration)}/types`, { body: { name } }),
  setUniqueTargets: (place: Place, unique_targets: boolean) =>
    ask<{ changed: boolean }>("PATCH", placePath(place), { body: { unique_targets } }),

  list: (place: Place, query: ListQuery, signal?: AbortSignal) =>
    ask<ReferencePage>("GET", `${placePath(place)}/references`, { query: { ...query }, signal }),
  add: (place: Place, body: { source_id: string; target_id: string }) =>
    ask<unknown>("POST", `${placePath(place)}/references`, { body }),
  edit: (place: Place, source_id: string, body: { target_id: string; expected_target_id?: string }) =>
    ask<unknown>("PATCH", `${placePath(place)}/reference`, { query: { source_id }, body }),
  remove: (place: Place, query: { source_id: string; expected_target_id?: string; confirmation?: string }) =>
    ask<null>("DELETE", `${placePath(place)}/reference`, { query }),
  history: (place: Place, source_id: string, signal?: AbortSignal) =>
    ask<History>("GET", `${placePath(place)}/history`, { query: { source_id }, signal }),
  explain: (place: Place, source_id: string, signal?: AbortSignal) =>
    ask<Explanation>("GET", `${placePath(place)}/explain`, { query: { source_id }, signal }),
  ignore: (place: Place, source_ids: string[]) =>
    ask<Outcomes>("POST", `${placePath(place)}/ignore`, { body: { source_ids } }),
  unignore: (place: Place, source_ids: string[]) =>
    ask<Outcomes>("POST", `${placePath(place)}/unignore`, { body: { source_ids } }),

  claims: (place: Place, query: { limit: number; cursor: string | null }, signal?: AbortSignal) =>
    ask<ClaimPage>("GET", `${placePath(place)}/claims`, { query, signal }),
  settle: (place: Place, claim: { source_id: string; token: string; target_id: string }) =>
    ask<Outcomes>("POST", `${placePath(place)}/settle`, { body: { claims: [claim] } }),
  release: (place: Place, claim: { source_id: string; token: string }) =>
    ask<Outcomes>("POST", `${placePath(place)}/release`, { body: { claims: [claim] } }),

  duplicates: (place: Place, query: { limit: number; cursor: string | null }, signal?: AbortSignal) =>
    ask<DuplicatePage>("GET", `${placePath(place)}/duplicates`, { query, signal }),
  lookAlikes: (place: Place, query: { limit: number; cursor: string | null }, signal?: AbortSignal) =>
    ask<DuplicatePage>("GET", `${placePath(place)}/look-alikes`, { query, signal }),

  purgePreview: (place: Place) => ask<Preview>("POST", `${placePath(place)}/purge-preview`, { body: {} }),
  purge: (place: Place, body: { token: string; references: number }) =>
    ask<Removed>("POST", `${placePath(place)}/purge`, { body }),

  trash: (signal?: AbortSignal) => ask<{ trash: TrashEntry[] }>("GET", "/trash", { signal }),
  restore: (id: TrashEntry["id"], body: { cursor?: string; name?: string }) =>
    ask<RestoreStep>("POST", `/trash/${encodeURIComponent(String(id))}/restore`, { body }),

  upload,
  imports: (signal?: AbortSignal) => ask<{ imports: Import[] }>("GET", "/imports", { signal }),
  import: (id: string, signal?: AbortSignal) =>
    ask<Import>("GET", `/imports/${encodeURIComponent(id)}`, { signal }),

  exportAddress,
  export: (place: Place, format: ExportFormat, signal: AbortSignal) =>
    send(exportAddress(place, format), { signal }),
};
