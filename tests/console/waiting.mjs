// Waiting for conditions. A deadline only decides how long a failure takes.

import { setTimeout as pause } from "node:timers/promises";

const DEADLINE_MS = 30_000;
const POLL_MS = 20;

// What the promise comes to, unless it takes too long.
export async function within(promise, what, deadlineMs = DEADLINE_MS) {
  const over = new AbortController();
  const late = pause(deadlineMs, undefined, { signal: over.signal }).then(() => {
    throw new Error(`waited ${deadlineMs} ms for ${what}`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    over.abort();
  }
}

// Asks until the answer is truthy, and returns it.
export async function eventually(ask, what) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`waited ${DEADLINE_MS} ms for ${what}`);
    await pause(POLL_MS);
  }
}
