import type { Import, Verdict } from "../contract";
import { saveBlob } from "../exporting";
import { bytes, count, counted, percent } from "../format";
import type { Importing } from "../importing";
import { placeLink } from "../route";
import { Button } from "../ui/Button";
import { Id } from "../ui/Id";
import { Marked } from "../ui/Marked";
import { ProblemNote } from "../ui/States";
import { importWords } from "../words";

export function ImportProgress({ importing }: { importing: Importing }) {
  const { file, sent_bytes, report, dry_run, stop } = importing;
  const share = file.size > 0 ? sent_bytes / file.size : 1;
  return (
    <div class="card">
      <p class="file-name">
        <bdi class="id">{file.name}</bdi>
        <span class="muted">{dry_run ? "trial, nothing is changed" : "importing"}</span>
      </p>
      <progress max={1} value={share} aria-label="How much of the file was sent" />
      <p class="progress-words" role="status">
        {bytes(sent_bytes)} of {bytes(file.size)} sent ({percent(share)})
        {report && `, ${counted(report.rows, "row")} dealt with`}
      </p>
      {report && <ImportTotals report={report} />}
      <div class="card-actions">
        <Button onClick={stop}>Stop</Button>
        {!dry_run && <span class="muted">What was linked until then stays.</span>}
      </div>
    </div>
  );
}

const good: readonly Verdict[] = ["done", "unchanged"];

export function ImportTotals({ report }: { report: Import }) {
  const totals = Object.entries(report.totals) as [Verdict, number][];
  return (
    <dl class="totals">
      {totals.map(([verdict, total]) => (
        <div key={verdict} class={good.includes(verdict) ? "total" : "total warning"}>
          <dt>{importWords(verdict, report.dry_run)}</dt>
          <dd>{count(total)}</dd>
        </div>
      ))}
    </dl>
  );
}

function csvField(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function saveProblems({ id, problems }: Import): void {
  const rows = problems.map(({ line, source_id, target_id, verdict, detail }) =>
    [String(line), source_id ?? "", target_id ?? "", verdict, detail].map(csvField).join(","),
  );
  const blob = new Blob([["line,source_id,target_id,verdict,detail", ...rows].join("\n"), "\n"], {
    type: "text/csv",
  });
  saveBlob(blob, `import-${id}.csv`);
}

export function ImportProblems({ report }: { report: Import }) {
  if (report.problems.length === 0) return null;
  return (
    <>
      <div class="section-head">
        <h3>Rows that were left out</h3>
        <Button icon="download" onClick={() => saveProblems(report)}>
          Save as CSV
        </Button>
      </div>
      <div class="rows">
        <table class="table">
          <caption class="sr-only">Rows of the file that were left out</caption>
          <thead>
            <tr>
              <th scope="col" class="number">
                Line
              </th>
              <th scope="col">Source</th>
              <th scope="col">Target</th>
              <th scope="col">Why</th>
            </tr>
          </thead>
          <tbody>
            {report.problems.map((problem, index) => (
              <tr key={index}>
                <td class="number">{count(problem.line)}</td>
                <td>{problem.source_id !== null && <Id id={problem.source_id} cut />}</td>
                <td>{problem.target_id !== null && <Id id={problem.target_id} cut />}</td>
                <td>
                  <Marked text={problem.detail || importWords(problem.verdict, report.dry_run)} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {report.problems_left_out > 0 && (
        <p class="muted">And {counted(report.problems_left_out, "more row")} that are not listed.</p>
      )}
    </>
  );
}

function headline({ state, dry_run, report }: Importing): string {
  if (state === "stopped")
    return dry_run ? "The trial was stopped." : "The import was stopped. What was linked until then stays.";
  if (state === "failed")
    return dry_run
      ? "The trial did not get to its end."
      : "The import did not get to its end. What was linked until then stays.";
  const rows = counted(report?.rows ?? 0, "row");
  return dry_run ? `${rows} looked at. Nothing was changed.` : `${rows} imported.`;
}

export function ImportReport({
  importing,
  onAgain,
  onImport,
}: {
  importing: Importing;
  onAgain: () => void;
  onImport: () => void;
}) {
  const { report, problem, state, dry_run, place } = importing;
  const linkable = report?.totals.done ?? 0;
  return (
    <div class="import-report">
      <div class="card" role="status">
        <p class="file-name">
          <bdi class="id">{importing.file.name}</bdi>
          <span class="muted">{bytes(importing.file.size)}</span>
        </p>
        <p>
          <b>{headline(importing)}</b>
        </p>
        <ProblemNote problem={problem} />
        {report?.error && <p class="note error">{report.error}</p>}
        {report && <ImportTotals report={report} />}
        <div class="card-actions">
          {dry_run && state === "done" && (
            <Button kind="primary" disabled={linkable === 0} onClick={onImport}>
              {linkable === 0 ? "Nothing to link" : `Link ${counted(linkable, "record")} now`}
            </Button>
          )}
          {!dry_run && (
            <a class="button primary" href={placeLink(place)}>
              See the references
            </a>
          )}
          <Button onClick={onAgain}>Another file</Button>
        </div>
      </div>
      {report && <ImportProblems report={report} />}
    </div>
  );
}
