import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./Icon";

interface Props {
  icon?: IconName;
  label?: string;
  kind?: "plain" | "primary" | "danger" | "quiet";
  busy?: boolean;
  disabled?: boolean;
  title?: string;
  submit?: boolean;
  // Where a dialog that opens puts the focus.
  focus?: boolean;
  expanded?: boolean;
  pressed?: boolean;
  onClick?: () => void;
  children?: ComponentChildren;
}

// With children their words are the name; with `label` alone it is an icon with that name.
export function Button({
  icon,
  label,
  kind = "plain",
  busy,
  disabled,
  title,
  submit,
  focus,
  expanded,
  pressed,
  onClick,
  children,
}: Props) {
  return (
    <button
      type={submit ? "submit" : "button"}
      class={`button ${kind}${children ? "" : " icon-only"}`}
      aria-label={label}
      autofocus={focus}
      aria-expanded={expanded}
      aria-pressed={pressed}
      aria-busy={busy}
      title={title ?? (children ? undefined : label)}
      disabled={disabled || busy}
      onClick={onClick}
    >
      {busy ? <span class="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children && <span>{children}</span>}
    </button>
  );
}
