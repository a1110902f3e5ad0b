// The text format of Prometheus.

const COMMENT = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

// The metrics by name: { type, help, samples: [{ name, labels, value }] }. Fails where a line is
// not of the format, or a sample has no HELP and TYPE before it.
export function parseMetrics(text) {
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  const metrics = new Map();
  for (const line of text.split("\n").filter(Boolean)) {
    if (line.startsWith("#")) comment(line, metrics);
    else sample(line, metrics);
  }
  return metrics;
}

function comment(line, metrics) {
  const [, kind, name, rest] = line.match(COMMENT) ?? fail(line);
  const metric = metrics.get(name) ?? { samples: [] };
  const key = kind.toLowerCase();
  if (metric[key] !== undefined || metric.samples.length > 0) fail(line);
  metric[key] = rest;
  metrics.set(name, metric);
}

function sample(line, metrics) {
  const [, name, labels, value] = line.match(SAMPLE) ?? fail(line);
  const family = metrics.get(name) ?? metrics.get(name.replace(/_(bucket|sum|count)$/, ""));
  if (!family?.help || !family.type) fail(line);
  if (Number.isNaN(toNumber(value))) fail(line);
  family.samples.push({ name, labels: parseLabels(labels ?? "", line), value: toNumber(value) });
}

function parseLabels(text, line) {
  const labels = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < text.length; at = LABEL.lastIndex) {
    const [, name, value] = LABEL.exec(text) ?? fail(line);
    labels[name] = value;
  }
  return labels;
}

const toNumber = (text) => (text === "+Inf" ? Infinity : Number(text));

function fail(line) {
  throw new Error(`not a metric: ${line}`);
}
