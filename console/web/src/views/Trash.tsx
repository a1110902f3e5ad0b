import { useState } from "preact/hooks";
import { api } from "../api";
import { catalog } from "../catalog";
import { changes } from "../changes";
import type { TrashEntry } from "../contract";
import { openDialog } from "../dialogs";
import { count, counted, moment, until } from "../format";
import { useLoaded } from "../loaded";
import { restore, restoredName } from "../restore";
import { useStore } from "../store";
import { Dialog, SubmitFoot } from "../ui/Dialog";
import { Field } from "../ui/Field";
import { Empty, Failed, Skeleton } from "../ui/States";
import { Time } from "../ui/Time";
import { ChangeButton } from "./ChangeButton";
import { showRefused } from "./RestoreReport";

function RestoreDialog({ entry, onClose }: { entry: TrashEntry; onClose: () => void }) {
  const taken = catalog.get().integrations?.some(({ name }) => name === entry.integration) ?? false;
  const whole = entry.type === null;
  const [name, setName] = useState(whole && taken ? `${entry.integration}-restored` : entry.integration);
  const start = () => {
    onClose();
    void restore(entry, {
      name: whole && name !== entry.integration ? name.trim() : undefined,
      onRefused: showRefused,
    });
  };
  return (
    <Dialog
      title={`Restore ${restoredName(entry)}?`}
      onClose={onClose}
      onSubmit={start}
      foot={
        <SubmitFoot onClose={onClose} focus={!whole} disabled={!name.trim()}>
          Restore {counted(entry.references, "reference")}
        </SubmitFoot>
      }
    >
      {whole ? (
        <>
          <p>The integration comes back with its entity types and references.</p>
          <Field
            label="Name"
            value={name}
            onInput={setName}
            mono
            focus
            hint={
              taken
                ? `There is a ${entry.integration} again, so this one needs another name.`
                : "Sync engines use this name."
            }
          />
        </>
      ) : (
        <p>
          Its references are added again. Where a source was linked anew in the meantime, the new link stays
          and the old one is reported.
        </p>
      )}
    </Dialog>
  );
}

export function Trash() {
  const version = useStore(changes);
  const { value, problem, reload } = useLoaded(`trash ${version}`, (signal) => api.trash(signal), {
    keep: true,
  });
  return (
    <>
      <header class="page-head">
        <div class="page-title">
          <h1>Trash</h1>
          <p class="muted">
            What was deleted as a whole waits here for a while. Restored references stay in this list too, so
            a restore can be repeated.
          </p>
        </div>
      </header>
      {problem ? (
        <Failed problem={problem} onRetry={reload} />
      ) : !value ? (
        <Skeleton rows={3} label="Loading the trash" />
      ) : value.trash.length === 0 ? (
        <Empty title="The trash is empty">
          <p>
            When all references of a type are deleted, or an integration is dropped, they wait here for a
            while.
          </p>
        </Empty>
      ) : (
        <div class="rows">
          <table class="table trash-table">
            <caption class="sr-only">What was deleted and can be restored</caption>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" class="number">
                  References
                </th>
                <th scope="col">Deleted</th>
                <th scope="col" class="col-time">
                  Gone for good
                </th>
                <th scope="col">
                  <span class="sr-only">What to do</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {value.trash.map((entry) => (
                <tr key={entry.id}>
                  <td>
                    <b>{restoredName(entry)}</b>
                    {entry.type === null && <span class="muted"> (whole integration)</span>}
                  </td>
                  <td class="number">{count(entry.references)}</td>
                  <td>
                    <Time at={entry.purged_at} /> by <bdi>{entry.actor}</bdi>
                  </td>
                  <td class="col-time" title={moment(entry.expires_at)}>
                    {until(entry.expires_at)}
                  </td>
                  <td class="col-actions">
                    <ChangeButton
                      needs="administer"
                      onClick={() => openDialog((close) => <RestoreDialog entry={entry} onClose={close} />)}
                    >
                      Restore…
                    </ChangeButton>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}
