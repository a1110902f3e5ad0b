import { api, type ExportFormat } from "../api";
import type { Place } from "../contract";
import { openDialog } from "../dialogs";
import { count } from "../format";
import { export_references_max, exportName } from "../exporting";
import { Button } from "../ui/Button";
import { Dialog } from "../ui/Dialog";
import { CopyButton } from "../ui/Id";

function Command({ title, text }: { title: string; text: string }) {
  return (
    <section>
      <div class="command-head">
        <h3>{title}</h3>
        <CopyButton id={text} label={`Copy the command for ${title}`} />
      </div>
      <pre class="commands">{text}</pre>
    </section>
  );
}

// Names of integrations and types have no quotes in them. The token is read from the environment, so
// that no list of processes shows it.
function ExportCommands({
  place,
  format,
  onClose,
}: {
  place: Place;
  format: ExportFormat;
  onClose: () => void;
}) {
  const name = exportName(place, format);
  const url = location.origin + api.exportAddress(place, format);
  return (
    <Dialog
      title={`Export ${place.type} on the command line`}
      wide
      onClose={onClose}
      foot={
        <Button focus onClick={onClose}>
          Close
        </Button>
      }
    >
      <p>
        With an access token the browser has to hold the whole file before it can save it, so it exports up to{" "}
        {count(export_references_max)} references and 256 MiB. These do more, with your token in{" "}
        <code>XREF_TOKEN</code>:
      </p>
      <Command
        title="xref"
        text={`xref${format === "ndjson" ? " --json" : ""} export ${place.integration}/${place.type} > ${name}`}
      />
      <Command
        title="curl"
        text={`printf 'Authorization: Bearer %s' "$XREF_TOKEN" | curl -fH @- -o ${name} '${url}'`}
      />
    </Dialog>
  );
}

export function showExportCommands(place: Place, format: ExportFormat): void {
  openDialog((close) => <ExportCommands place={place} format={format} onClose={close} />);
}
