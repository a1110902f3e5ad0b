import { useRef, useState } from "preact/hooks";
import { api } from "../api";
import { changes } from "../changes";
import type { DuplicatePage, Integration } from "../contract";
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

const kinds = {
  shared: {
    label: "Same target",
    ask: api.duplicates,
    intro: ({ source_platform, target_platform }: Integration) =>
      `Records of ${target_platform} that are linked to more than one record of ${source_platform}. ` +
      "Syncing one of them overwrites what the other wrote. Open one to change or remove its link.",
    none: ({ source_platform, target_platform }: Integration) =>
      `Each record of ${target_platform} is linked to one record of ${source_platform}.`,
  },
  alike: {
    label: "IDs that look alike",
    ask: api.lookAlikes,
    intro: ({ source_platform }: Integration) =>
      `IDs of ${source_platform} that may be one record, written in two ways: they differ in spaces, in ` +
      "upper and lower case, in zeros before a number, or in gid://…/ before it.",
    none: ({ source_platform }: Integration) =>
      `No two IDs of ${source_platform} differ only in spaces, case, zeros before a number, or gid://…/.`,
  },
};

export function Duplicates(props: PlaceProps) {
  const chosen = props.params["kind"] === "alike" ? "alike" : "shared";
  return (
    <>
      <nav class="sections" aria-label="Kinds of duplicates">
        {(["shared", "alike"] as const).map((kind) => (
          <a
            key={kind}
            href={placeLink(props.place, "duplicates", kind === "alike" ? { kind } : {})}
            aria-current={kind === chosen ? "page" : undefined}
          >
            {kinds[kind].label}
          </a>
        ))}
      </nav>
      <Groups key={chosen} kind={kinds[chosen]} {...props} />
    </>
  );
}

interface GroupsProps extends PlaceProps {
  kind: (typeof kinds)["shared"];
}

function Groups({ integration, place, params, kind }: GroupsProps) {
  const version = useStore(changes);
  const { cursor, page, forward, back } = usePaged(place.type);
  const [progress, setProgress] = useState({ examined: 0, references: 0 });
  const stopped = useRef(false);

  const load = async (signal: AbortSignal): Promise<DuplicatePage> => {
    stopped.current = false;
    const whole = await kind.ask(place, { limit: page_groups, cursor }, signal);
    setProgress({ ...whole });
    while (whole.groups.length < page_groups && whole.next_cursor && !stopped.current) {
      const limit = page_groups - whole.groups.length;
      const more = await kind.ask(place, { limit, cursor: whole.next_cursor }, signal);
      whole.groups.push(...more.groups);
      whole.examined += more.examined;
      whole.next_cursor = more.next_cursor;
      setProgress({ ...whole });
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
            : kind.none(integration)}
        </p>
      </Empty>
    );
  }
  const next_cursor = value.next_cursor;
  return (
    <section aria-label={`Duplicates of ${place.type}`} aria-busy={loading}>
      <p class="intro">{kind.intro(integration)}</p>
      {searching}
      <ul class="groups">
        {value.groups.map(({ target_id, key = "", source_ids, more }) => (
          <li key={target_id ?? key} class="group">
            <p class="group-target">
              <span class="muted">{target_id ? integration.target_platform : "read as"}</span>
              <Id id={target_id ?? key} />
              {target_id && <CopyButton id={target_id} label="Copy the target ID" />}
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
              {more && target_id && (
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
        {page === 0 && !next_cursor ? counted(value.groups.length, "group") : `Page ${count(page + 1)}`}
      </Pager>
    </section>
  );
}
