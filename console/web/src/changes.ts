import { loadCatalog } from "./catalog";
import { Store } from "./store";

// Counts the changes made from this page, so that what shows references reads them anew.
export const changes = new Store(0);

export function changed(): void {
  changes.set(changes.get() + 1);
  void loadCatalog();
}
