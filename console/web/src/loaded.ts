import { useCallback, useEffect, useState } from "preact/hooks";
import { asProblem, isAbort, type Problem } from "./problem";

// What a request brought. While the same is asked again, the value of the last time stays; with
// `keep` so it does while another key is asked.
export interface Loaded<T> {
  value: T | null;
  problem: Problem | null;
  loading: boolean;
  reload: () => void;
}

const retry_ms = 2000;

// Asks whenever the key changes; a stale request is aborted, and one that was refused for now
// is asked again.
export function useLoaded<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  { keep = false } = {},
): Loaded<T> {
  const [state, setState] = useState<{
    key: string;
    value: T | null;
    problem: Problem | null;
    loading: boolean;
  }>({
    key,
    value: null,
    problem: null,
    loading: true,
  });
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((before) => before + 1), []);

  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    setState((before) => {
      const same = before.key === key;
      return {
        key,
        value: same || keep ? before.value : null,
        problem: same ? before.problem : null,
        loading: true,
      };
    });
    load(controller.signal).then(
      (value) => {
        if (!controller.signal.aborted) setState({ key, value, problem: null, loading: false });
      },
      (error: unknown) => {
        if (isAbort(error) || controller.signal.aborted) return;
        const problem = asProblem(error);
        setState((before) => ({ ...before, problem, loading: false }));
        if (problem.passing) timer = setTimeout(reload, retry_ms);
      },
    );
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [key, turn]);

  const current = state.key === key;
  return {
    value: current || keep ? state.value : null,
    problem: current ? state.problem : null,
    loading: state.loading || !current,
    reload,
  };
}

// One thing done at a time, by a button: whether it is under way, and what was wrong with it.
export function useAction(): {
  busy: boolean;
  problem: Problem | null;
  clear: () => void;
  run: (action: () => Promise<void>) => Promise<void>;
} {
  const [state, setState] = useState<{ busy: boolean; problem: Problem | null }>({
    busy: false,
    problem: null,
  });
  const run = async (action: () => Promise<void>) => {
    if (state.busy) return;
    setState({ busy: true, problem: null });
    try {
      await action();
      setState({ busy: false, problem: null });
    } catch (error) {
      setState({ busy: false, problem: asProblem(error) });
    }
  };
  return { ...state, clear: () => setState({ busy: false, problem: null }), run };
}
