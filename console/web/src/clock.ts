import { Store } from "./store";

// What "3 min ago" is measured from.
export const clock = new Store(Date.now());

const tick_ms = 10_000;

export function startClock(): void {
  setInterval(() => clock.set(Date.now()), tick_ms);
}
