import type { Integration, Reference } from "../contract";
import { Id } from "../ui/Id";
import { Time } from "../ui/Time";
import { origin_words } from "../words";

interface Props {
  integration: Integration;
  rows: readonly Reference[];
  selected: string | undefined;
  linkOf: (source_id: string) => string;
  onSelect: (source_id: string) => void;
}

export function ReferenceTable({ integration, rows, selected, linkOf, onSelect }: Props) {
  // One row is in the tab order; the arrow keys reach the others.
  const reachable = rows.some(({ source_id }) => source_id === selected) ? selected : rows[0]?.source_id;
  return (
    <table class="table references-table">
      <caption class="sr-only">References: source and target ID side by side</caption>
      <thead>
        <tr>
          <th scope="col">{integration.source_platform}</th>
          <th scope="col">{integration.target_platform}</th>
          <th scope="col" class="col-time">
            Updated
          </th>
          <th scope="col" class="col-origin">
            Origin
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr
            key={row.source_id}
            class={row.source_id === selected ? "selected" : undefined}
            onClick={(event) => {
              const text_marked = !getSelection()?.isCollapsed;
              if (!text_marked && !(event.target as Element).closest("a")) onSelect(row.source_id);
            }}
          >
            <td>
              <a
                class="row-link"
                href={linkOf(row.source_id)}
                data-row={row.source_id}
                tabIndex={row.source_id === reachable ? 0 : -1}
                aria-current={row.source_id === selected ? "true" : undefined}
              >
                <Id id={row.source_id} cut />
              </a>
            </td>
            <td>
              <Id id={row.target_id} cut />
            </td>
            <td class="col-time">
              <Time at={row.updated_at ?? row.created_at} />
            </td>
            <td class="col-origin">
              <span class={`origin ${row.origin}`}>{origin_words[row.origin]}</span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
