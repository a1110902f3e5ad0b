import { useState } from "preact/hooks";
import { isPlain, isRightToLeft } from "../visible";
import { Button } from "./Button";
import { Marked } from "./Marked";

const tail_characters = 8;
const cut_from_characters = 20;

// An ID as plain text, in isolation from the text around it, with what cannot be seen made
// visible. `cut` leaves out its middle where it is too long for the room it has.
export function Id({ id, cut = false }: { id: string; cut?: boolean }) {
  if (cut && id.length >= cut_from_characters && isPlain(id)) {
    return (
      <bdi class="id cut" title={id}>
        <span class="id-head">{id.slice(0, -tail_characters)}</span>
        <span class="id-tail">{id.slice(-tail_characters)}</span>
      </bdi>
    );
  }
  return (
    <bdi
      class={cut ? "id clip" : "id"}
      dir={isRightToLeft(id) ? "rtl" : undefined}
      title={cut ? id : undefined}
    >
      <Marked text={id} />
    </bdi>
  );
}

// Copied from the ID itself, so that marks do not stand for what they show.
async function copy(id: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(id);
  const area = document.createElement("textarea");
  area.value = id;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

const told_ms = 1500;

export function CopyButton({ id, label }: { id: string; label: string }) {
  const [copied, setCopied] = useState(false);
  const onClick = async () => {
    await copy(id);
    setCopied(true);
    setTimeout(() => setCopied(false), told_ms);
  };
  return (
    <Button
      kind="quiet"
      icon={copied ? "check" : "copy"}
      label={copied ? "Copied" : label}
      onClick={() => void onClick()}
    />
  );
}
