import { useEffect, useReducer } from "preact/hooks";

// A value that several views show. Setting it redraws those that use it.
export class Store<T> {
  private readonly listeners = new Set<() => void>();

  constructor(private value: T) {}

  get(): T {
    return this.value;
  }

  set(value: T): void {
    if (value === this.value) return;
    this.value = value;
    for (const listener of [...this.listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}

export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const drawn = store.get();
  useEffect(() => {
    const onChange = () => redraw(undefined);
    // It may have been set after this was drawn and before this effect ran.
    if (store.get() !== drawn) onChange();
    return store.subscribe(onChange);
  }, [store]);
  return drawn;
}
