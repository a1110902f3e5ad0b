import { access } from "./access";
import { catalog } from "./catalog";
import { closeDialog } from "./dialogs";
import { forgetImport, importing } from "./importing";
import { notices } from "./notices";
import { heard, server } from "./server";
import { session } from "./session";

// When somebody signs out, or is no longer let in, nothing stays of what the server told them.
export function forgetAtTheEnd(): void {
  session.subscribe(() => {
    if (!session.get().asking) return;
    const sending = importing.get();
    forgetImport();
    sending?.stop();
    closeDialog();
    notices.set([]);
    access.set(null);
    catalog.set({ integrations: null, problem: null });
    server.set({ status: null, problem: null, samples: [] });
    heard.set(false);
  });
}
