import type { ComponentChildren } from "preact";
import type { Problem } from "../problem";
import { problemWords } from "../words";
import { Button } from "./Button";
import { Icon } from "./Icon";
import { Marked } from "./Marked";

export function Empty({
  title,
  children,
  actions,
}: {
  title: string;
  children?: ComponentChildren;
  actions?: ComponentChildren;
}) {
  return (
    <div class="state">
      <h3>{title}</h3>
      {children && <div class="state-text">{children}</div>}
      {actions && <div class="state-actions">{actions}</div>}
    </div>
  );
}

export function Failed({ problem, onRetry }: { problem: Problem; onRetry: () => void }) {
  return (
    <div class="state problem" role="alert">
      <Icon name="warning" />
      <h3>{problem.passing ? "Not at the moment" : "That did not work"}</h3>
      <p class="state-text">
        <Marked text={problemWords(problem)} />
      </p>
      <div class="state-actions">
        <Button icon="refresh" onClick={onRetry}>
          Try again
        </Button>
      </div>
    </div>
  );
}

// With children they are said in place of the problem's own words.
export function ProblemNote({
  problem,
  children,
}: {
  problem: Problem | null;
  children?: ComponentChildren;
}) {
  if (!problem) return null;
  return (
    <div class="note-box problem" role="alert">
      {children || (
        <p>
          <Marked text={problemWords(problem)} />
        </p>
      )}
    </div>
  );
}

// Bars in place of rows that are on their way.
export function Skeleton({ rows = 8, label = "Loading" }: { rows?: number; label?: string }) {
  return (
    <div class="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} class="skeleton-row" />
      ))}
    </div>
  );
}
