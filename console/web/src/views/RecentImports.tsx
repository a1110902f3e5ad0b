import { useState } from "preact/hooks";
import { api } from "../api";
import type { Import, Place } from "../contract";
import { counted } from "../format";
import { useLoaded } from "../loaded";
import { Button } from "../ui/Button";
import { ImportProblems, ImportTotals } from "./ImportReport";

const state_words: Readonly<Record<Import["state"], string>> = {
  running: "under way",
  done: "done",
  failed: "not finished",
};

// What the server remembers of earlier files, from other browsers too.
export function RecentImports({ place }: { place: Place }) {
  const { value } = useLoaded("imports", (signal) => api.imports(signal));
  const [open, setOpen] = useState<string | null>(null);
  const here =
    value?.imports.filter(
      ({ integration, type }) => integration === place.integration && type === place.type,
    ) ?? [];
  if (here.length === 0) return null;
  return (
    <section class="panel" aria-labelledby="recent-imports">
      <h2 id="recent-imports">Earlier imports</h2>
      <ul class="recent">
        {here.map((report) => (
          <li key={report.id}>
            <div class="section-head">
              <p>
                {report.dry_run ? "Trial" : "Import"} of {counted(report.rows, "row")}
                <span class={report.state === "failed" ? "badge warning" : "badge"}>
                  {state_words[report.state]}
                </span>
              </p>
              {report.problems.length > 0 && (
                <Button
                  expanded={open === report.id}
                  onClick={() => setOpen(open === report.id ? null : report.id)}
                >
                  {open === report.id ? "Hide the rows left out" : "Rows left out"}
                </Button>
              )}
            </div>
            {report.error && <p class="note error">{report.error}</p>}
            <ImportTotals report={report} />
            {open === report.id && <ImportProblems report={report} />}
          </li>
        ))}
      </ul>
    </section>
  );
}
