import { useRef, useState } from "preact/hooks";
import { api, type ListQuery } from "./api";
import { changes } from "./changes";
import type { Place, ReferencePage } from "./contract";
import { useLoaded, type Loaded } from "./loaded";
import { usePaged } from "./paged";
import { useStore } from "./store";

export const page_rows = 100;

export interface BrowsedPage extends ReferencePage {
  // How many pages lie before it.
  page: number;
}

export interface Browse extends Loaded<BrowsedPage> {
  examined: number;
  next: (() => void) | null;
  previous: (() => void) | null;
  // Ends a search through many rows with what it found so far.
  stop: () => void;
}

// A page of references. The server looks through a bounded number of rows at a time where it has
// to filter, so a page is asked for until it is full, or there is no more, or the user stops it.
export function useBrowse(place: Place, query: ListQuery): Browse {
  const version = useStore(changes);
  const query_key = JSON.stringify([place, query]);
  const { cursor, page, forward, back } = usePaged(query_key);
  const [examined, setExamined] = useState(0);
  const stopped = useRef(false);

  const load = async (signal: AbortSignal): Promise<BrowsedPage> => {
    stopped.current = false;
    setExamined(0);
    const whole = await api.list(place, { ...query, limit: page_rows, cursor }, signal);
    while (whole.references.length < page_rows && whole.next_cursor && !stopped.current) {
      setExamined(whole.examined);
      const limit = page_rows - whole.references.length;
      const more = await api.list(place, { ...query, limit, cursor: whole.next_cursor }, signal);
      whole.references.push(...more.references);
      whole.examined += more.examined;
      whole.next_cursor = more.next_cursor;
    }
    return { ...whole, page };
  };

  const loaded = useLoaded(JSON.stringify([query_key, cursor, version]), load, { keep: true });
  const next_cursor = loaded.value?.next_cursor;
  return {
    ...loaded,
    examined,
    next: next_cursor && !loaded.loading ? () => forward(next_cursor) : null,
    previous: page > 0 ? back : null,
    stop: () => {
      stopped.current = true;
    },
  };
}
