import { Store } from "./store";

// Short messages at the foot of the page. Those that offer something stay until they are closed.

export interface NoticeAction {
  label: string;
  run: () => void;
}

export interface Notice {
  id: number;
  // A newer notice on the same topic takes the place of this one.
  topic?: string;
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

export function dismissTopic(wanted: string): void {
  notices.set(notices.get().filter(({ topic }) => topic !== wanted));
}

export function notify(notice: Omit<Partial<Notice>, "id"> & { text: string }): void {
  const id = ++last_id;
  const whole: Notice = { tone: "done", actions: [], ...notice, id };
  const others = notices.get().filter(({ topic }) => topic === undefined || topic !== whole.topic);
  notices.set([...others, whole]);
  if (whole.actions.length === 0 && whole.tone === "done") setTimeout(() => dismiss(id), plain_ms);
}
