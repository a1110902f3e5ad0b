import type { Asking } from "./session";
import type { HistoryEvent, Integration, Origin, Role, Status, Verdict } from "./contract";
import type { Problem } from "./problem";

// What the API's words mean, for people.

export const origin_words: Readonly<Record<Origin, string>> = {
  sync: "Sync",
  manual: "Manual",
  import: "Import",
};

export const event_words: Readonly<Record<HistoryEvent["kind"], string>> = {
  added: "Linked",
  put: "Set",
  edited: "Repointed",
  deleted: "Link removed",
  ignored: "Ignored",
  unignored: "No longer ignored",
  reclaimed: "Claimed anew after a lost claim",
  purged: "Removed with all references of the type",
};

export const role_words: Readonly<Record<Role, string>> = {
  reader: "looks at references and exports them, and changes nothing",
  syncer: "changes references, settles claims and imports; does not delete all of a type, or restore",
  admin: "does everything",
  standby: "is for a standby server: sees its state, and no references",
  metrics: "sees the state of the server, and no references",
};

export const asking_words: Readonly<Record<Asking, string>> = {
  first: "This server lets in those who have an access token.",
  refused: "The token that this tab had is not good: it is wrong, has expired or was revoked.",
  ended: "You were signed out: your token has expired or was revoked. Nothing was changed since.",
  left: "You are signed out, and this tab has forgotten your token.",
};

export function importWords(verdict: Verdict, dry_run: boolean): string {
  const words: Partial<Record<Verdict, string>> = {
    done: dry_run ? "would be linked" : "linked",
    unchanged: "linked so already",
    conflict: "linked to another target",
    duplicate: "repeated in the file",
    target_taken: "target already in use",
    ignored: "ignored IDs",
    bad_row: "cannot be read",
  };
  return words[verdict] ?? verdict.replaceAll("_", " ");
}

// The server's sentence, or one that says better what it means here.
export function problemWords(problem: Problem): string {
  switch (problem.slug) {
    case "unauthenticated":
      return "The server refuses this token: it is wrong, has expired or was revoked. See that it was copied as a whole.";
    case "not-ready":
      return "The server is still loading its references, and did not do this. It will be ready in a moment.";
    case "not-primary":
      return "This server is a standby and takes no changes. Make them on the primary.";
    case "read-only":
      return "The server accepts no changes at present, and did not do this.";
    case "outcome-unknown":
      return "The answer was lost: it may have been done or not. Look before you try again.";
    case "overloaded":
      return "The server has too much to do at present, and did not do this. Try again in a moment.";
    case "stale-token":
      return "Something changed since the preview, so nothing was done. Look at the new preview.";
    default:
      return problem.message;
  }
}

export interface Banner {
  tone: "warning" | "problem";
  title: string;
  text: string;
}

export function bannerOf(status: Status | null, problem: Problem | null): Banner | null {
  if (problem && problem.slug === "unreachable") {
    return {
      tone: "problem",
      title: "The server does not answer.",
      text: "What you see may be out of date, and nothing can be changed. Trying again every two seconds.",
    };
  }
  if (problem) return { tone: "problem", title: "The server cannot tell its state.", text: problem.message };
  if (!status) return null;
  switch (status.state) {
    case "loading": {
      const share = status.references_expected
        ? ` (${Math.floor((100 * status.references) / status.references_expected)} %)`
        : "";
      return {
        tone: "warning",
        title: `The server is loading its references${share}.`,
        text: "Until it is done it answers no question about them, rather than a wrong one. This page goes on by itself.",
      };
    }
    case "standby":
      return {
        tone: "warning",
        title: "This server is a standby.",
        text: `You can search, look and export here. Changes go to the primary${status.primary ? ` at ${status.primary}` : ""}.`,
      };
    case "read-only":
      return {
        tone: "problem",
        title: "The server accepts no changes.",
        text: `Searching, looking and exporting still work. ${status.trouble ?? ""}`.trim(),
      };
    case "draining":
      return {
        tone: "warning",
        title: "The server is shutting down.",
        text: "It finishes what is under way and takes nothing new.",
      };
    case "diverged":
      return {
        tone: "problem",
        title: "This server has changes that its primary does not have.",
        text: `It needs a decision by whoever runs it; until then it takes no changes. ${status.trouble ?? ""}`.trim(),
      };
    case "ready":
      return status.trouble
        ? { tone: "warning", title: "The server works, with trouble.", text: status.trouble }
        : null;
  }
}

export function deletionWords({ source_platform, target_platform }: Integration): string[] {
  return [
    `Only the link is removed. The records stay in ${source_platform} and in ${target_platform}.`,
    `If the source record is synced again, a new record will be created in ${target_platform}, beside the one that is there.`,
    "If the link points to the wrong record, change its target instead.",
  ];
}
