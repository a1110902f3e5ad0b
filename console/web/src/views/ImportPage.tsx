import { useRef, useState } from "preact/hooks";
import { useRights } from "../access";
import { bytes, count } from "../format";
import { forgetImport, importing, startImport } from "../importing";
import { useStore } from "../store";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Empty } from "../ui/States";
import { ChangeButton } from "./ChangeButton";
import { ImportProgress, ImportReport } from "./ImportReport";
import type { PlaceProps } from "./place";
import { RecentImports } from "./RecentImports";
import { WhyNoChange } from "./WhoIsIn";

function DropZone({ onFile }: { onFile: (file: File) => void }) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div
      class={over ? "drop-zone over" : "drop-zone"}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (file) onFile(file);
      }}
    >
      <Icon name="upload" />
      <p>
        <b>Drop a CSV or NDJSON file here</b>
      </p>
      <input
        ref={input}
        class="sr-only"
        type="file"
        aria-label="File to import"
        accept=".csv,.ndjson,.jsonl,text/csv"
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          if (file) onFile(file);
          event.currentTarget.value = "";
        }}
      />
      <Button onClick={() => input.current?.click()}>Choose a file…</Button>
      <p class="muted">
        With a first line that names <code>source_id</code> and <code>target_id</code>. Other columns are left
        alone.
      </p>
    </div>
  );
}

function FileCard({
  file,
  place,
  onForget,
}: {
  file: File;
  place: PlaceProps["place"];
  onForget: () => void;
}) {
  const [overwrite, setOverwrite] = useState(false);
  return (
    <div class="card">
      <p class="file-name">
        <bdi class="id">{file.name}</bdi>
        <span class="muted">{bytes(file.size)}</span>
        <Button kind="quiet" icon="close" label="Choose another file" onClick={onForget} />
      </p>
      <fieldset class="choices">
        <legend>Where a source is linked to another target already</legend>
        <label class="check">
          <input type="radio" name="overwrite" checked={!overwrite} onChange={() => setOverwrite(false)} />
          <span>
            <b>Keep the link that stands, and report the row</b>
            Nothing that exists is changed.
          </span>
        </label>
        <label class="check">
          <input type="radio" name="overwrite" checked={overwrite} onChange={() => setOverwrite(true)} />
          <span>
            <b>Overwrite it with the file’s target</b>
            The history keeps what it was before.
          </span>
        </label>
      </fieldset>
      <div class="card-actions">
        <ChangeButton
          kind="primary"
          onClick={() => void startImport(place, file, { dry_run: true, overwrite })}
        >
          Try it without changing anything
        </ChangeButton>
        <ChangeButton onClick={() => void startImport(place, file, { dry_run: false, overwrite })}>
          Import now
        </ChangeButton>
      </div>
    </div>
  );
}

export function ImportPage(props: PlaceProps) {
  const { write } = useRights();
  if (write) return <Importer {...props} />;
  return (
    <>
      <Empty title="Your token does not let you import" actions={<WhyNoChange />}>
        <p>It lets you look at references and export them.</p>
      </Empty>
      <RecentImports place={props.place} />
    </>
  );
}

function Importer({ integration, place }: PlaceProps) {
  const current = useStore(importing);
  const [file, setFile] = useState<File | null>(null);
  const here =
    current && current.place.integration === place.integration && current.place.type === place.type
      ? current
      : null;
  const elsewhere = current?.state === "sending" && !here ? current : null;
  const again = () => {
    forgetImport();
    setFile(null);
  };

  return (
    <section class="import" aria-label={`Import references of ${place.type}`}>
      <p class="intro">
        Link many records at once: those that exist in {integration.source_platform} and{" "}
        {integration.target_platform} from before the integration, or that another system linked.
      </p>
      {elsewhere ? (
        <div class="note-box">
          <p>
            <bdi class="id">{elsewhere.file.name}</bdi> is being imported into {elsewhere.place.integration} /{" "}
            {elsewhere.place.type}. One file at a time: wait for it, or stop it there.
          </p>
        </div>
      ) : here?.state === "sending" ? (
        <ImportProgress importing={here} />
      ) : here ? (
        <ImportReport
          importing={here}
          onAgain={again}
          onImport={() => void startImport(place, here.file, { dry_run: false, overwrite: here.overwrite })}
        />
      ) : file ? (
        <FileCard file={file} place={place} onForget={() => setFile(null)} />
      ) : (
        <DropZone onFile={setFile} />
      )}
      {!here && !elsewhere && !file && (
        <Example source={integration.source_platform} target={integration.target_platform} />
      )}
      {!here && !elsewhere && !file && <RecentImports place={place} />}
    </section>
  );
}

const sample_rows = 3;

function Example({ source, target }: { source: string; target: string }) {
  const lines = Array.from(
    { length: sample_rows },
    (_, row) => `${5_501_001 + row},SO-${count(1001 + row).replace(",", "")}`,
  );
  return (
    <figure class="example">
      <figcaption>
        For example, {source} orders and the {target} orders that were made from them:
      </figcaption>
      <pre>{["source_id,target_id", ...lines].join("\n")}</pre>
    </figure>
  );
}
