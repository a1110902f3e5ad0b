import { Store } from "./store";

// Short messages at the foot of the page. Those that offer something stay until they are closed.

export interface NoticeAction {
  label: string;
  run: () => void;
}

export interface Notice {
  id: number;
  tone: "done" | "warning" | "problem" | "busy";
  text: string;
  actions: NoticeAction[];
  link?: { label: string; href: string };
}

const plain_ms = 6000;
let last_id = 0;

export const notices = new Store<readonly Notice[]>([]);

export function dismiss(id: number): void {
  notices.set(notices.get().filter((notice) => notice.id !== id));
}

export function notify(notice: Partial<Notice> & { text: string }): number {
  const id = ++last_id;
  const whole: Notice = { tone: "done", actions: [], ...notice, id };
  notices.set([...notices.get(), whole]);
  if (whole.actions.length === 0 && whole.tone === "done") setTimeout(() => dismiss(id), plain_ms);
  return id;
}

export function amend(id: number, change: Partial<Notice>): void {
  notices.set(notices.get().map((notice) => (notice.id === id ? { ...notice, ...change } : notice)));
}
