import type { ComponentChildren } from "preact";
import { Button } from "./Button";

interface Props {
  children: ComponentChildren;
  previous: (() => void) | null;
  next: (() => void) | null;
  onReload?: () => void;
}

export function Pager({ children, previous, next, onReload }: Props) {
  return (
    <nav class="pager" aria-label="Pages">
      <span class="pager-range" role="status">
        {children}
      </span>
      {onReload && <Button kind="quiet" icon="refresh" label="Read the list anew (r)" onClick={onReload} />}
      <Button icon="previous" label="Previous page" disabled={!previous} onClick={previous ?? undefined} />
      <Button icon="next" label="Next page" disabled={!next} onClick={next ?? undefined} />
    </nav>
  );
}
