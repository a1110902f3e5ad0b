import { api, type ExportFormat } from "./api";
import type { Place } from "./contract";
import { bytes } from "./format";
import { dismissTopic, notify } from "./notices";
import { asProblem, isAbort } from "./problem";
import { session } from "./session";
import { problemWords } from "./words";

// Exports with an access token. A plain link cannot carry one, so the page fetches the file and holds it
// until it is saved. What is larger than a browser should hold is left to the command line.

export const export_references_max = 1_000_000;
const export_bytes_max = 256 << 20;
const told_every_bytes = 1 << 20;
const topic = "export";

export function exportName({ integration, type }: Place, format: ExportFormat): string {
  return `${integration}-${type}.${format}`;
}

export function saveBlob(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

// Null where it is too large.
async function fetchExport(place: Place, format: ExportFormat, stop: AbortController): Promise<Blob | null> {
  const response = await api.export(place, format, stop.signal);
  const reader = response.body!.getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  let told = -1;
  for (;;) {
    if (Math.floor(size / told_every_bytes) !== told) {
      told = Math.floor(size / told_every_bytes);
      notify({
        topic,
        tone: "busy",
        text: `Exporting ${place.type}: ${bytes(size)} so far…`,
        actions: [{ label: "Stop", run: () => stop.abort() }],
      });
    }
    const { done, value } = await reader.read();
    if (done) return new Blob(pieces, { type: response.headers.get("Content-Type") ?? "" });
    size += value.byteLength;
    if (size > export_bytes_max) {
      stop.abort();
      return null;
    }
    pieces.push(value);
  }
}

// `onTooLarge` shows how else to get it.
export async function exportFile(
  place: Place,
  format: ExportFormat,
  { references, onTooLarge }: { references: number; onTooLarge: () => void },
): Promise<void> {
  if (references > export_references_max) return onTooLarge();
  const { token } = session.get();
  try {
    const file = await fetchExport(place, format, new AbortController());
    dismissTopic(topic);
    if (!file) return onTooLarge();
    const name = exportName(place, format);
    saveBlob(file, name);
    notify({ topic, text: `${name} is saved: ${bytes(file.size)}.` });
  } catch (error) {
    dismissTopic(topic);
    if (isAbort(error) || session.get().token !== token) return;
    // A file that breaks off is not saved: it would look like a whole one.
    notify({
      topic,
      tone: "problem",
      text: `${place.type} was not exported. ${problemWords(asProblem(error))}`,
    });
  }
}
