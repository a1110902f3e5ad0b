const paths = {
  add: "M8 3v10M3 8h10",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 3a4 4 0 1 1 0 8a4 4 0 0 1 0-8M10 10l3.5 3.5",
  copy: "M6 6h7v7H6zM10 6V3H3v7h3",
  check: "M3.5 8.5l3 3l6-7",
  edit: "M3 13l.7-3L11 2.8l2.2 2.2L6 12.3z",
  remove: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5",
  next: "M6 3.5L10.5 8L6 12.5",
  previous: "M10 3.5L5.5 8L10 12.5",
  menu: "M2.5 4.5h11M2.5 8h11M2.5 11.5h11",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  download: "M8 2.5v7.5M4.5 7L8 10.5L11.5 7M3 13.5h10",
  upload: "M8 10.5V3M4.5 6L8 2.5L11.5 6M3 13.5h10",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.5h-2.5",
  arrow: "M2.5 8h11M9.5 4l4 4l-4 4",
  warning: "M8 2.5L14 13H2zM8 6.5v3M8 11.3h.01",
  overview: "M2.5 13.5h11M4.5 11V8M8 11V3.5M11.5 11V6",
  trash: "M3 4.5h10M6.5 4.5V3h3v1.5M4.5 4.5l.6 8.5h5.8l.6-8.5M6.8 7v3.5M9.2 7v3.5",
  help: "M6 6.2a2 2 0 1 1 2.8 1.8c-.6.3-.8.6-.8 1.3M8 11.8h.01",
  user: "M8 3a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5M3 13.5c.5-2.5 2.4-3.7 5-3.7s4.5 1.2 5 3.7",
  light:
    "M8 5.3a2.7 2.7 0 1 1 0 5.4a2.7 2.7 0 0 1 0-5.4M8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M3.4 12.6l.9-.9M11.7 4.3l.9-.9",
  dark: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
  auto: "M8 2.5a5.5 5.5 0 1 1 0 11zM8 2.5a5.5 5.5 0 1 0 0 11",
} as const;

export type IconName = keyof typeof paths;

// Beside words, or within a control that has a label: of no meaning by itself.
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}
