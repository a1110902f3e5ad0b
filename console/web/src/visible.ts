// IDs are compared byte for byte, so what cannot be seen must be shown: characters without a
// shape, those that turn the direction of text, and spaces where they hide.

export interface Part {
  text: string;
  // What stands for the text, where it cannot be seen by itself, and its name for those who listen.
  mark?: string;
  name?: string;
}

const unseen = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?! )\p{Zs}/u;
const right_to_left = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

const names: Readonly<Record<string, string>> = {
  "\u00a0": "no-break space",
  "\u00ad": "soft hyphen",
  "\u200b": "zero width space",
  "\u200c": "zero width non-joiner",
  "\u200d": "zero width joiner",
  "\u200e": "left-to-right mark",
  "\u200f": "right-to-left mark",
  "\u202a": "left-to-right embedding",
  "\u202b": "right-to-left embedding",
  "\u202c": "pop directional formatting",
  "\u202d": "left-to-right override",
  "\u202e": "right-to-left override",
  "\u2066": "left-to-right isolate",
  "\u2067": "right-to-left isolate",
  "\u2068": "first strong isolate",
  "\u2069": "pop directional isolate",
  "\ufeff": "zero width no-break space",
};

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
}

export function visibleParts(id: string): Part[] {
  const parts: Part[] = [];
  const characters = [...id];
  let plain = "";
  const flush = () => {
    if (plain) parts.push({ text: plain });
    plain = "";
  };
  for (const [index, character] of characters.entries()) {
    const before = characters[index - 1];
    const hidden_space =
      character === " " && (before === undefined || before === " " || index === characters.length - 1);
    if (hidden_space) {
      flush();
      parts.push({ text: character, mark: "␣", name: "space" });
    } else if (unseen.test(character)) {
      flush();
      const code = codeOf(character);
      parts.push({ text: character, mark: code, name: names[character] ?? code });
    } else {
      plain += character;
    }
  }
  flush();
  return parts;
}

// Whether it can be cut in two and shown with its middle left out.
export function isPlain(id: string): boolean {
  return /^[\x21-\x7e]*$/.test(id);
}

export function isRightToLeft(id: string): boolean {
  return right_to_left.test(id);
}

const id_bytes_max = 255;
const control = /[\u0000-\u001f\u007f-\u009f]/;

// What is wrong with an ID that someone typed; null where nothing is.
export function flawOf(id: string): string | null {
  if (id === "") return "Enter an ID.";
  if (control.test(id)) return "An ID has no line breaks, tabs or other control characters.";
  const size = new TextEncoder().encode(id).length;
  if (size > id_bytes_max) return `An ID has at most ${id_bytes_max} bytes; this one has ${size}.`;
  return null;
}

export function remarkOn(id: string): string | null {
  if (/^\s|\s$/.test(id)) return "Spaces at the start or end count: they are part of the ID.";
  if (unseen.test(id)) return "This ID has characters that cannot be seen. They are part of it.";
  return null;
}
