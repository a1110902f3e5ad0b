import type { ComponentChild } from "preact";
import { Store } from "./store";

// The dialog that is open, if any: views ask for it, and the shell draws it.
export type DialogBody = (close: () => void) => ComponentChild;

export const dialog = new Store<DialogBody | null>(null);

export function openDialog(body: DialogBody): void {
  dialog.set(body);
}

export function closeDialog(): void {
  dialog.set(null);
}
