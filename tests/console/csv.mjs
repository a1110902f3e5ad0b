// CSV files of source IDs and target IDs, which have no line breaks in them.

const HEADER = "source_id,target_id";
const field = (text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const toCsv = (links) =>
  [HEADER, ...links.map((link) => link.map(field).join(","))].join("\n") + "\n";

export function parseCsv(text) {
  const lines = text.split(/\r?\n/).filter(Boolean);
  if (lines.shift() !== HEADER) throw new Error(`no header: ${text.slice(0, 200)}`);
  return lines.map((line) =>
    [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
      quoted === undefined ? plain : quoted.replaceAll('""', '"'),
    ),
  );
}

export const toNdjson = (links) =>
  links.map(([source_id, target_id]) => `${JSON.stringify({ source_id, target_id })}\n`).join("");
export const parseNdjson = (text) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const { source_id, target_id } = JSON.parse(line);
      return [source_id, target_id];
    });
