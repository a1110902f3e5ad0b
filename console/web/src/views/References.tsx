import { useEffect, useRef, useState } from "preact/hooks";
import { useRights } from "../access";
import type { ListQuery } from "../api";
import { page_rows, useBrowse, type BrowsedPage } from "../browse";
import { openDialog } from "../dialogs";
import { count } from "../format";
import { useKeys } from "../keys";
import { go, placeLink, type Params } from "../route";
import { Button } from "../ui/Button";
import { Searching } from "../ui/Searching";
import { Pager } from "../ui/Pager";
import { Empty, Failed, Skeleton } from "../ui/States";
import { AddReference } from "./AddReference";
import { ChangeButton } from "./ChangeButton";
import type { PlaceProps } from "./place";
import { ReferenceTable } from "./ReferenceTable";
import { ReferenceToolbar } from "./ReferenceToolbar";

const debounce_ms = 80;

function queryOf(params: Params): ListQuery {
  const text = params["q"] ?? "";
  const contains = params["match"] === "contains";
  return {
    q: contains ? undefined : text,
    contains: contains ? text : undefined,
    origin: params["origin"],
    // A search answers in the order in which it finds.
    order: text ? undefined : (params["order"] ?? "newest"),
  };
}

// The search field runs ahead of the address, which follows when typing pauses.
function useSearchText(place: PlaceProps["place"], params: Params): [string, (text: string) => void] {
  const routed = params["q"] ?? "";
  const latest = useRef(params);
  latest.current = params;
  const [text, setText] = useState(routed);
  const pending = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => {
    if (!pending.current) setText(routed);
  }, [routed]);
  useEffect(() => () => clearTimeout(pending.current), []);
  const change = (value: string) => {
    setText(value);
    clearTimeout(pending.current);
    pending.current = setTimeout(() => {
      pending.current = undefined;
      go(placeLink(place, "references", { ...latest.current, q: value }), { replace: true });
    }, debounce_ms);
  };
  return [text, change];
}

function Range({ value, total }: { value: BrowsedPage; total: number | null }) {
  const rows = value.references.length;
  if (rows === 0) return <>No rows</>;
  const first = value.page * page_rows + 1;
  return (
    <>
      {count(first)}–{count(first + rows - 1)}
      {total !== null && ` of ${count(total)}`}
    </>
  );
}

export function References({ integration, place, params }: PlaceProps) {
  const browse = useBrowse(place, queryOf(params));
  const [text, setText] = useSearchText(place, params);
  const search = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const total = integration.types.find(({ name }) => name === place.type)?.references ?? 0;
  const searched = params["q"] ?? "";
  const filtered = searched !== "" || params["origin"] !== undefined;
  const selected = params["sel"];
  const { write } = useRights();

  const set = (change: Params) =>
    go(placeLink(place, "references", { ...params, ...change }), { replace: true });
  const select = (sel: string) =>
    go(placeLink(place, "references", { ...params, sel }), { replace: selected !== undefined });
  const add = () =>
    openDialog((close) => (
      <AddReference integration={integration} place={place} source_id={searched} onClose={close} />
    ));
  const links = () => [...(list.current?.querySelectorAll<HTMLAnchorElement>("a[data-row]") ?? [])];
  const move = (step: number) => {
    const rows = links();
    const at = rows.findIndex((row) => row === document.activeElement);
    const from = at >= 0 ? at : rows.findIndex((row) => row.dataset["row"] === selected);
    const target = rows[Math.max(0, from + step)];
    if (from + step < 0) search.current?.focus();
    else target?.focus();
    if (selected !== undefined && target && from + step >= 0) select(target.dataset["row"] ?? "");
  };

  const focusSearch = () => {
    search.current?.focus();
    search.current?.select();
  };

  useKeys({
    "/": focusSearch,
    ...(write && { n: add }),
    r: browse.reload,
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    ArrowRight: () => browse.next?.(),
    ArrowLeft: () => browse.previous?.(),
  });

  const onSearchKey = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") {
      links()[0]?.focus();
      event.preventDefault();
    } else if (event.key === "Escape" && text) {
      setText("");
      event.preventDefault();
    }
  };

  return (
    <section class="references" aria-label={`References of ${place.type}`}>
      <ReferenceToolbar
        integration={integration}
        place={place}
        params={params}
        text={text}
        search={search}
        onText={setText}
        onSearchKey={onSearchKey}
        onChange={set}
        onAdd={add}
        busy={browse.loading}
      />
      {browse.loading && browse.examined > 0 && (
        <Searching examined={browse.examined} total={total} onStop={browse.stop} />
      )}
      <div
        ref={list}
        class={browse.loading && browse.value ? "rows waiting" : "rows"}
        aria-busy={browse.loading}
      >
        {browse.problem ? (
          <Failed problem={browse.problem} onRetry={browse.reload} />
        ) : !browse.value ? (
          <Skeleton rows={12} label="Loading the references" />
        ) : browse.value.references.length > 0 ? (
          <ReferenceTable
            integration={integration}
            rows={browse.value.references}
            selected={selected}
            linkOf={(sel) => placeLink(place, "references", { ...params, sel })}
            onSelect={select}
          />
        ) : filtered ? (
          <NothingFound
            text={searched}
            onExplain={() => select(searched)}
            onAdd={add}
            onClear={() => set({ q: "", origin: "" })}
          />
        ) : (
          <NoneYet place={place} source={integration.source_platform} onAdd={add} />
        )}
      </div>
      {browse.value && !browse.problem && (browse.value.page > 0 || browse.value.references.length > 0) && (
        <Pager previous={browse.previous} next={browse.next} onReload={browse.reload}>
          <Range value={browse.value} total={filtered ? null : total} />
        </Pager>
      )}
    </section>
  );
}

function NothingFound({
  text,
  onExplain,
  onAdd,
  onClear,
}: {
  text: string;
  onExplain: () => void;
  onAdd: () => void;
  onClear: () => void;
}) {
  return (
    <Empty
      title="No reference matches"
      actions={
        <>
          {text && <Button onClick={onExplain}>Why is it not linked?</Button>}
          {text && <ChangeButton onClick={onAdd}>Link it by hand</ChangeButton>}
          <Button onClick={onClear}>Clear the search</Button>
        </>
      }
    >
      {text ? (
        <p>
          Neither side of any reference here matches <bdi class="id">{text}</bdi>. IDs are compared letter for
          letter: upper and lower case differ.
        </p>
      ) : (
        <p>No reference has this origin.</p>
      )}
    </Empty>
  );
}

function NoneYet({
  place,
  source,
  onAdd,
}: {
  place: PlaceProps["place"];
  source: string;
  onAdd: () => void;
}) {
  const { write } = useRights();
  return (
    <Empty
      title={`No references of ${place.type} yet`}
      actions={
        <>
          {write && (
            <a class="button primary" href={placeLink(place, "import")}>
              Import a file
            </a>
          )}
          <ChangeButton icon="add" onClick={onAdd}>
            Add one
          </ChangeButton>
        </>
      }
    >
      <p>
        They come by themselves as records of {source} are synced. Records that are in both platforms already
        should be linked first, or the sync creates them a second time.
      </p>
    </Empty>
  );
}
