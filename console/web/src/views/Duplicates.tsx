import { useRef, useState } from "preact/hooks";
import { api } from "../api";
import { changes } from "../changes";
import type { DuplicatePage } from "../contract";
import { count, counted } from "../format";
import { useLoaded } from "../loaded";
import { usePaged } from "../paged";
import { placeLink } from "../route";
import { useStore } from "../store";
import { Button } from "../ui/Button";
import { CopyButton, Id } from "../ui/Id";
import { Pager } from "../ui/Pager";
import { Searching } from "../ui/Searching";
import { Empty, Failed, Skeleton } from "../ui/States";
import type { PlaceProps } from "./place";

const page_groups = 50;

export function Duplicates({ integration, place, params }: PlaceProps) {
  const version = useStore(changes);
  const { cursor, page, forward, back } = usePaged(place.type);
  const [progress, setProgress] = useState({ examined: 0, references: 0 });
  const stopped = useRef(false);

  const load = async (signal: AbortSignal): Promise<DuplicatePage> => {
    stopped.current = false;
    const whole = await api.duplicates(place, { limit: page_groups, cursor }, signal);
    setProgress(whole);
    while (whole.groups.length < page_groups && whole.next_cursor && !stopped.current) {
      const limit = page_groups - whole.groups.length;
      const more = await api.duplicates(place, { limit, cursor: whole.next_cursor }, signal);
      whole.groups.push(...more.groups);
      whole.examined = more.examined;
      whole.next_cursor = more.next_cursor;
      setProgress(more);
    }
    return whole;
  };
  const { value, problem, loading, reload } = useLoaded(JSON.stringify([cursor, version]), load, {
    keep: true,
  });

  if (problem) return <Failed problem={problem} onRetry={reload} />;
  const searching = loading && progress.examined > 0 && (
    <Searching
      examined={progress.examined}
      total={progress.references}
      onStop={() => (stopped.current = true)}
    />
  );
  if (!value) {
    return (
      <>
        {searching}
        <Skeleton label="Looking for duplicates" />
      </>
    );
  }
  if (value.groups.length === 0 && page === 0) {
    return (
      <Empty
        title={value.next_cursor ? "No duplicates so far" : "No duplicates"}
        actions={
          <Button icon="refresh" onClick={reload}>
            Look again
          </Button>
        }
      >
        <p>
          {value.next_cursor
            ? `None among the first ${count(value.examined)} references.`
            : `Each record of ${integration.target_platform} is linked to one record of ${integration.source_platform}.`}
        </p>
      </Empty>
    );
  }
  const next_cursor = value.next_cursor;
  return (
    <section aria-label={`Duplicates of ${place.type}`} aria-busy={loading}>
      <p class="intro">
        Records of {integration.target_platform} that are linked to more than one record of{" "}
        {integration.source_platform}. Syncing one of them overwrites what the other wrote. Open one to change
        or remove its link.
      </p>
      {searching}
      <ul class="groups">
        {value.groups.map(({ target_id, source_ids, more }) => (
          <li key={target_id} class="group">
            <p class="group-target">
              <span class="muted">{integration.target_platform}</span>
              <Id id={target_id} />
              <CopyButton id={target_id} label="Copy the target ID" />
              <span class="badge">{more ? `more than ${source_ids.length}` : source_ids.length} sources</span>
            </p>
            <ul class="group-sources">
              {source_ids.map((id) => (
                <li key={id}>
                  <a
                    class="row-link"
                    data-row={id}
                    aria-current={params["sel"] === id ? "true" : undefined}
                    href={placeLink(place, "duplicates", { ...params, sel: id })}
                  >
                    <Id id={id} cut />
                  </a>
                </li>
              ))}
              {more && (
                <li>
                  <a href={placeLink(place, "references", { q: target_id })}>all of them</a>
                </li>
              )}
            </ul>
          </li>
        ))}
      </ul>
      <Pager
        previous={page > 0 ? back : null}
        next={next_cursor && !loading ? () => forward(next_cursor) : null}
      >
        {page === 0 && !next_cursor ? counted(value.groups.length, "target") : `Page ${count(page + 1)}`}
      </Pager>
    </section>
  );
}
