import { useEffect } from "preact/hooks";
import { useRights } from "../access";
import { api } from "../api";
import { changed, changes } from "../changes";
import type { Claim, History } from "../contract";
import { openDialog } from "../dialogs";
import { useKeys } from "../keys";
import { useAction, useLoaded, type Loaded } from "../loaded";
import { notify } from "../notices";
import { requireDone } from "../refusal";
import { useStore } from "../store";
import { Marked } from "../ui/Marked";
import { Failed, ProblemNote, Skeleton } from "../ui/States";
import { AddReference } from "./AddReference";
import { ChangeButton } from "./ChangeButton";
import { ClaimActions, claimWords } from "./ClaimActions";
import { DeleteReference } from "./DeleteReference";
import { EditReference } from "./EditReference";
import { Events } from "./Events";
import type { PlaceProps } from "./place";
import { Facts, OtherSources, Sides, Standing } from "./ReferenceFacts";

interface Props extends Pick<PlaceProps, "integration" | "place"> {
  source_id: string;
  linkTo: (source_id: string) => string;
}

function ClaimNote({ claim, integration, place }: { claim: Claim } & Pick<Props, "integration" | "place">) {
  return (
    <div class={claim.state === "expired" ? "note-box warning" : "note-box"}>
      <p>
        <Marked text={claimWords(claim, integration)} />
      </p>
      <ClaimActions claim={claim} integration={integration} place={place} />
    </div>
  );
}

function Why({ explained }: { explained: Loaded<string[]> }) {
  return (
    <section aria-label="Why?">
      <h3>Why?</h3>
      {explained.problem && <ProblemNote problem={explained.problem} />}
      {!explained.value && !explained.problem && <Skeleton rows={2} label="Asking why" />}
      {explained.value && (
        <ul class="why">
          {explained.value.map((sentence) => (
            <li key={sentence}>
              <Marked text={sentence} />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function IgnoreButton({
  history,
  place,
  integration,
}: { history: History } & Pick<Props, "integration" | "place">) {
  const { busy, problem, run } = useAction();
  const toggle = () =>
    run(async () => {
      const outcomes = await (history.ignored ? api.unignore : api.ignore)(place, [history.source_id]);
      changed();
      requireDone(outcomes);
      notify({
        text: history.ignored
          ? "It can be synced again."
          : `It will not be synced to ${integration.target_platform} until that is lifted.`,
      });
    });
  return (
    <>
      <ChangeButton
        busy={busy}
        title={
          history.ignored
            ? "Let syncs claim and link it again"
            : "Refuse to sync this source ID, until that is lifted"
        }
        onClick={() => void toggle()}
      >
        {history.ignored ? "Stop ignoring" : "Ignore"}
      </ChangeButton>
      <ProblemNote problem={problem} />
    </>
  );
}

export function Details({ integration, place, source_id, linkTo }: Props) {
  const version = useStore(changes);
  const key = JSON.stringify([place, source_id]);
  const history = useLoaded(key, (signal) => api.history(place, source_id, signal));
  const explained = useLoaded(key, async (signal) => (await api.explain(place, source_id, signal)).sentences);
  useEffect(() => {
    if (version === 0) return;
    history.reload();
    explained.reload();
  }, [version]);

  const reference = history.value?.reference ?? null;
  const edit = () => {
    if (!reference) return;
    openDialog((close) => (
      <EditReference
        integration={integration}
        place={place}
        source_id={source_id}
        target_id={reference.target_id}
        onClose={close}
      />
    ));
  };
  const remove = () => {
    if (!reference) return;
    openDialog((close) => (
      <DeleteReference
        integration={integration}
        place={place}
        source_id={source_id}
        target_id={reference.target_id}
        onClose={close}
        onEdit={edit}
      />
    ));
  };
  const add = () =>
    openDialog((close) => (
      <AddReference integration={integration} place={place} source_id={source_id} onClose={close} />
    ));
  useKeys(useRights().write ? { e: edit, Delete: remove } : {});

  if (!history.value) {
    return history.problem ? (
      <Failed problem={history.problem} onRetry={history.reload} />
    ) : (
      <Skeleton rows={6} label="Loading the details" />
    );
  }
  const { claim } = history.value;
  return (
    <div class="details">
      <Sides integration={integration} source_id={source_id} reference={reference} />
      <Standing history={history.value} />
      {reference && <Facts reference={reference} />}
      {claim && <ClaimNote claim={claim} integration={integration} place={place} />}
      <OtherSources history={history.value} integration={integration} linkTo={linkTo} />
      <div class="details-actions">
        {reference ? (
          <>
            <ChangeButton icon="edit" title="Change the target (e)" onClick={edit}>
              Change target
            </ChangeButton>
            <ChangeButton icon="remove" title="Remove the link (Delete)" onClick={remove}>
              Remove link
            </ChangeButton>
          </>
        ) : (
          !history.value.ignored && (
            <ChangeButton icon="add" onClick={add}>
              Link it
            </ChangeButton>
          )
        )}
        {!reference && <IgnoreButton history={history.value} place={place} integration={integration} />}
      </div>
      <Why explained={explained} />
      <Events events={history.value.events} />
    </div>
  );
}
