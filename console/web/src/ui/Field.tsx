import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  label: ComponentChildren;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: ComponentChildren;
  mono?: boolean;
  focus?: boolean;
  placeholder?: string;
  inputMode?: "numeric" | "text";
  maxLength?: number;
}

export function Field({
  label,
  value,
  onInput,
  hint,
  error,
  mono,
  focus,
  placeholder,
  inputMode,
  maxLength,
}: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  // A dialog that opens heeds `autofocus`; a field that comes later takes the focus by itself. Both
  // happen before the next key can be typed.
  useLayoutEffect(() => {
    if (focus) input.current?.focus();
  }, []);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        ref={input}
        id={id}
        class={mono ? "mono" : undefined}
        type="text"
        autofocus={focus}
        dir={mono ? "auto" : undefined}
        value={value}
        placeholder={placeholder}
        inputMode={inputMode}
        maxLength={maxLength}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-note` : undefined}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      {(error || hint) && (
        <p id={`${id}-note`} class={error ? "note error" : "note"}>
          {error || hint}
        </p>
      )}
    </div>
  );
}
