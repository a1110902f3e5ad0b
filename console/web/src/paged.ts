import { useState } from "preact/hooks";

// Where a list that is read page by page stands: the cursors of the pages before, and this one's.
export interface Paged {
  cursor: string | null;
  page: number;
  forward: (cursor: string) => void;
  back: () => void;
}

// A change of the key, such as another search, starts at the first page again.
export function usePaged(key: string): Paged {
  const [state, setState] = useState<{ key: string; cursors: readonly string[] }>({ key, cursors: [] });
  const cursors = state.key === key ? state.cursors : [];
  return {
    cursor: cursors[cursors.length - 1] ?? null,
    page: cursors.length,
    forward: (cursor) => setState({ key, cursors: [...cursors, cursor] }),
    back: () => setState({ key, cursors: cursors.slice(0, -1) }),
  };
}
