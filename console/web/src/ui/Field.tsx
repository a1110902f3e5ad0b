import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./Button";

interface Props {
  label: ComponentChildren;
  value: string;
  onInput: (value: string) => void;
  hint?: ComponentChildren;
  error?: ComponentChildren;
  mono?: boolean;
  focus?: boolean;
  // Not to be read over the shoulder, unless the user shows it.
  secret?: boolean;
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
  secret,
  placeholder,
  inputMode,
  maxLength,
}: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [shown, setShown] = useState(false);
  // A dialog that opens heeds `autofocus`; a field that comes later takes the focus by itself. Both
  // happen before the next key can be typed.
  useLayoutEffect(() => {
    if (focus) input.current?.focus();
  }, []);
  const control = (
    <input
      ref={input}
      id={id}
      class={mono ? "mono" : undefined}
      {...(secret && !shown ? ({ type: "password" } as const) : ({ type: "text" } as const))}
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
  );
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {secret ? (
        <div class="secret">
          {control}
          <Button pressed={shown} onClick={() => setShown(!shown)}>
            Show
          </Button>
        </div>
      ) : (
        control
      )}
      {(error || hint) && (
        <p id={`${id}-note`} class={error ? "note error" : "note"}>
          {error || hint}
        </p>
      )}
    </div>
  );
}
