import type { Problem } from "./problem";
import { Store } from "./store";

// The access token with which this tab asks. It is in the tab's own storage at most, so that it is
// gone with the tab, and another tab signs in by itself.

// Why the sign-in shows. "first": nobody has signed in. "refused": the token that was remembered is
// not good. "ended": it was good, and is no longer. "left": the user signed out.
export type Asking = "first" | "refused" | "ended" | "left";

export interface Session {
  token: string | null;
  // Null while there is nothing to ask for.
  asking: Asking | null;
  // What the server said of it.
  problem: Problem | null;
}

const key = "xrefd.token";

// A browser that stores nothing still works: the token then holds until the page is left.
function stored(): string | null {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(token: string | null): void {
  try {
    if (token === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, token);
  } catch {
    // It is kept in memory.
  }
}

export const session = new Store<Session>({ token: stored(), asking: null, problem: null });

let requests = new AbortController();
let was_accepted = false;

// Ends the requests that are made in the name of whoever is signed in now.
export function sessionSignal(): AbortSignal {
  return requests.signal;
}

// Of what goes on in several requests: throws where whoever began it has signed out since, so that it
// does not go on in the name of somebody else.
export function requireSession(begun: AbortSignal): void {
  if (begun.aborted) throw new DOMException("signed out", "AbortError");
}

// Finds the token in what was pasted, such as a line of a configuration; null if there is none.
export function tokenIn(text: string): string | null {
  return text.match(/xref_\d+_[\w-]+/)?.[0] ?? null;
}

export function signIn(token: string): void {
  store(token);
  session.set({ token, asking: null, problem: null });
}

// The server knows whose token it is.
export function accepted(): void {
  was_accepted = session.get().token !== null;
}

function end(asking: Asking, problem: Problem | null): void {
  requests.abort();
  requests = new AbortController();
  was_accepted = false;
  store(null);
  session.set({ token: null, asking, problem });
}

export function signOut(): void {
  end("left", null);
}

// The server wants a token, or another one than that with which it was asked.
export function refused(token: string | null, problem: Problem): void {
  const { token: current, asking } = session.get();
  if (token !== current || asking) return;
  end(token === null ? "first" : was_accepted ? "ended" : "refused", problem);
}
