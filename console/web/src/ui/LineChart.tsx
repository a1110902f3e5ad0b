import { useId, useState } from "preact/hooks";

export interface Line {
  name: string;
  values: readonly (number | null)[];
}

interface Props {
  title: string;
  lines: readonly Line[];
  // When the values were taken, to tell how long ago.
  times: readonly number[];
  format: (value: number) => string;
  // The least that the height stands for, so that noise near zero looks small.
  top_min: number;
  top_max?: number;
}

const width = 320;
const height = 96;

function pathOf(values: readonly (number | null)[], slots: number, top: number): string {
  let path = "";
  let drawing = false;
  values.forEach((value, index) => {
    if (value === null) {
      drawing = false;
      return;
    }
    const x = ((slots - values.length + index) / Math.max(1, slots - 1)) * width;
    const y = height - (Math.min(value, top) / top) * height;
    path += `${drawing ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    drawing = true;
  });
  return path;
}

function roundUp(value: number): number {
  const size = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * size >= value) ?? 10) * size;
}

// The newest value is at the right edge; the pointer reads the others.
export function LineChart({ title, lines, times, format, top_min, top_max }: Props) {
  const [pointed, setPointed] = useState<number | null>(null);
  const title_id = useId();
  const slots = Math.max(30, times.length);
  const known = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const top = top_max ?? roundUp(Math.max(top_min, ...known));
  const at = pointed === null ? times.length - 1 : Math.min(times.length - 1, Math.max(0, pointed));
  const seconds_ago = Math.round(((times[times.length - 1] ?? 0) - (times[at] ?? 0)) / 1000);
  const valueAt = (line: Line) => {
    const value = line.values[at];
    return value === null || value === undefined ? "–" : format(value);
  };

  const onPointerMove = (event: PointerEvent) => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const slot = Math.round(((event.clientX - box.left) / box.width) * (slots - 1));
    setPointed(slot - (slots - times.length));
  };

  const x = ((slots - times.length + at) / Math.max(1, slots - 1)) * width;
  return (
    <figure class="chart" aria-labelledby={title_id}>
      <figcaption id={title_id}>
        <span class="chart-title">{title}</span>
        <span class="chart-values">
          {lines.map((line, index) => (
            <span key={line.name} class={`chart-value line-${index + 1}`}>
              {lines.length > 1 && <span class="chart-name">{line.name}</span>}
              <b>{valueAt(line)}</b>
            </span>
          ))}
        </span>
      </figcaption>
      <div class="chart-plot">
        <svg
          viewBox={`0 0 ${width} ${height}`}
          preserveAspectRatio="none"
          aria-hidden="true"
          onPointerMove={onPointerMove}
          onPointerLeave={() => setPointed(null)}
        >
          <path class="chart-grid" d={`M0 .5H${width}M0 ${height / 2}H${width}M0 ${height - 0.5}H${width}`} />
          {lines.map((line, index) => (
            <path
              key={line.name}
              class={`chart-line line-${index + 1}`}
              d={pathOf(line.values, slots, top)}
            />
          ))}
          {pointed !== null && <path class="chart-cursor" d={`M${x.toFixed(1)} 0V${height}`} />}
        </svg>
        <span class="chart-top">{format(top)}</span>
        <span class="chart-when">
          {pointed === null || seconds_ago === 0 ? "now" : `${seconds_ago} s ago`}
        </span>
      </div>
    </figure>
  );
}
