// The dashboard for Grafana asks for what the daemon tells.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { parseMetrics } from "./metrics_text.mjs";
import { useShop } from "./shop.mjs";

// What a primary has no number for.
const OF_STANDBYS = ["xref_replication_lag_seconds", "xref_replication_lag_changes"];
// Labels that Prometheus itself adds.
const OF_PROMETHEUS = ["instance", "le"];

const shop = useShop();
const dashboard = JSON.parse(readFileSync(new URL("../../console/grafana.json", import.meta.url)));
const queries = [
  ...dashboard.panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr),
  ...dashboard.templating.list
    .filter(({ type }) => type === "query")
    .map(({ query }) => query.query),
];
const metricsIn = (query) => [...query.matchAll(/\bxref_[a-z_]+/g)].map(([name]) => name);

async function metrics() {
  await shop.newPlace();
  return parseMetrics((await shop.api.get("/metrics")).text);
}
const familyOf = (name) => name.replace(/_(bucket|sum|count)$/, "");

test("every metric that a panel shows is told by the daemon", async () => {
  const told = await metrics();
  for (const query of queries) {
    assert.ok(metricsIn(query).length > 0, query);
    for (const name of metricsIn(query)) {
      assert.ok(told.has(name) || told.has(familyOf(name)) || OF_STANDBYS.includes(name), name);
    }
  }
});

test("every metric that the daemon tells is shown", async () => {
  const shown = new Set(queries.flatMap(metricsIn).map(familyOf));
  assert.deepEqual(
    [...(await metrics()).keys()].filter((name) => !shown.has(name)),
    [],
  );
});

test("every label that a panel selects by is told with the metric", async () => {
  const told = await metrics();
  for (const query of queries) {
    for (const [, name, selectors] of query.matchAll(/\b(xref_[a-z_]+)\{([^}]*)\}/g)) {
      const { samples } = told.get(familyOf(name)) ?? { samples: [] };
      for (const [, label] of selectors.matchAll(/(\w+)=/g)) {
        const known = samples.every(
          ({ labels }) => OF_PROMETHEUS.includes(label) || label in labels,
        );
        assert.ok(known, `${label} in ${query}`);
      }
    }
  }
});

test("panels lie side by side, and have numbers of their own", () => {
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
  );
  assert.equal(new Set(cells).size, cells.length);
});

test("counters are shown by how they grow", () => {
  for (const query of queries) {
    for (const [name] of query.matchAll(/\bxref_[a-z_]+_(total|bucket)\b/g)) {
      assert.match(query, new RegExp(`(rate|increase)\\(${name}`), query);
    }
  }
});
