import { Store } from "./store";
import { remember, remembered } from "./remembered";

// The name that the history of changes made here shows.
export const actor = new Store<string>(remembered("actor") ?? "");

export const actor_bytes_max = 64;

export function setActor(name: string): void {
  actor.set(name.trim());
  remember("actor", actor.get());
}
