import type { History, Integration, Reference } from "../contract";
import { moment } from "../format";
import { CopyButton, Id } from "../ui/Id";
import { Time } from "../ui/Time";
import { origin_words } from "../words";

export function Sides({
  integration,
  source_id,
  reference,
}: {
  integration: Integration;
  source_id: string;
  reference: Reference | null;
}) {
  return (
    <dl class="sides">
      <dt>{integration.source_platform}</dt>
      <dd>
        <Id id={source_id} />
        <CopyButton id={source_id} label={`Copy the ${integration.source_platform} ID`} />
      </dd>
      <dt>{integration.target_platform}</dt>
      <dd>
        {reference ? (
          <>
            <Id id={reference.target_id} />
            <CopyButton id={reference.target_id} label={`Copy the ${integration.target_platform} ID`} />
          </>
        ) : (
          <span class="muted">not linked</span>
        )}
      </dd>
    </dl>
  );
}

export function Standing({ history }: { history: History }) {
  const { reference, ignored, claim } = history;
  return (
    <p class="standing">
      {reference ? <span class="badge good">linked</span> : <span class="badge">not linked</span>}
      {reference && <span class={`origin ${reference.origin}`}>{origin_words[reference.origin]}</span>}
      {ignored && <span class="badge warning">ignored</span>}
      {claim && (
        <span class={claim.state === "expired" ? "badge warning" : "badge"}>
          {claim.state === "expired" ? "outcome unknown" : "claimed"}
        </span>
      )}
    </p>
  );
}

export function Facts({ reference }: { reference: Reference }) {
  return (
    <dl class="facts">
      <dt>Linked</dt>
      <dd title={moment(reference.created_at)}>
        <Time at={reference.created_at} /> by <bdi>{reference.created_by}</bdi>
      </dd>
      {reference.updated_at && (
        <>
          <dt>Changed</dt>
          <dd>
            <Time at={reference.updated_at} /> by <bdi>{reference.updated_by}</bdi>
          </dd>
        </>
      )}
    </dl>
  );
}

export function OtherSources({
  history,
  integration,
  linkTo,
}: {
  history: History;
  integration: Integration;
  linkTo: (source_id: string) => string;
}) {
  if (history.other_sources.length === 0) return null;
  return (
    <div class="note-box warning">
      <p>
        Linked to the same record of {integration.target_platform}. Syncing one of them overwrites what the
        other wrote:
      </p>
      <ul class="id-list">
        {history.other_sources.map((id) => (
          <li key={id}>
            <a href={linkTo(id)}>
              <Id id={id} />
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
