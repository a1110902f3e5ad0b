import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { Button } from "./Button";

interface Props {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  // The buttons at its foot; submits what `onSubmit` does.
  foot?: ComponentChildren;
  onSubmit?: () => void;
  wide?: boolean;
  // Only to be read: then the keys that scroll need something that has the focus.
  reading?: boolean;
  side?: "left" | "right";
}

interface SubmitFootProps {
  onClose: () => void;
  kind?: "primary" | "danger";
  busy?: boolean;
  disabled?: boolean;
  focus?: boolean;
  // What the button says that submits.
  children: ComponentChildren;
}

// The foot of a dialog that does one thing, or nothing.
export function SubmitFoot({ onClose, kind = "primary", children, ...button }: SubmitFootProps) {
  return (
    <>
      <Button onClick={onClose}>Cancel</Button>
      <Button kind={kind} submit {...button}>
        {children}
      </Button>
    </>
  );
}

// The browser's own dialog: it keeps the focus within, and gives it back at the end.
export function Dialog({ title, onClose, children, foot, onSubmit, wide, reading, side }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const title_id = useId();
  useLayoutEffect(() => {
    const shown = element.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={`dialog${wide ? " wide" : ""}${side ? ` side-${side}` : ""}`}
      aria-labelledby={title_id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form
        class="dialog-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header class="dialog-head">
          <h2 id={title_id}>{title}</h2>
          <Button kind="quiet" icon="close" label="Close" onClick={onClose} />
        </header>
        <div class="dialog-body" tabIndex={reading ? 0 : undefined}>
          {children}
        </div>
        {foot && <footer class="dialog-foot">{foot}</footer>}
      </form>
    </dialog>
  );
}
