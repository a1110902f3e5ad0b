const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const exact = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
});

export function count(value: number): string {
  return whole.format(value);
}

export function compact(value: number): string {
  return value < 1_000_000 ? whole.format(value) : short.format(value);
}

export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

export function percent(share: number): string {
  const digits = share === 0 || share === 1 || (share >= 0.1 && share <= 0.99) ? 0 : 1;
  return `${(share * 100).toFixed(digits)} %`;
}

export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`;
}

export function microseconds(value: number): string {
  if (value < 1000) return `${value.toFixed(value < 10 ? 1 : 0)} µs`;
  if (value < 1_000_000) return `${(value / 1000).toFixed(value < 10_000 ? 1 : 0)} ms`;
  return `${(value / 1_000_000).toFixed(1)} s`;
}

const steps: [limit_seconds: number, unit: string, seconds: number][] = [
  [60, "s", 1],
  [3600, "min", 60],
  [86_400, "h", 3600],
  [Infinity, "d", 86_400],
];

export function duration(seconds: number): string {
  for (const [limit, unit, size] of steps) {
    if (seconds < limit) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return "";
}

export function ago(time: string, now: number): string {
  const seconds = (now - Date.parse(time)) / 1000;
  if (seconds < 5) return "just now";
  if (seconds < 30 * 86_400) return `${duration(seconds)} ago`;
  return day.format(Date.parse(time));
}

// So that a week from a moment ago is 7 days, not 6.
const rounding_seconds = 1800;

export function until(time: string, now = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  return seconds <= 0 ? "any moment" : `in ${duration(seconds + rounding_seconds)}`;
}

export function moment(time: string): string {
  return exact.format(Date.parse(time));
}
