import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf } from "./api.mjs";
import { parseMetrics } from "./metrics_text.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
const OTHER_UNITS = /_(ms|us|milliseconds|microseconds|minutes|kb|kib|mb|mib|percent)(_|$)/i;

async function metrics() {
  const { text } = await shop.api.get("/metrics");
  return parseMetrics(text);
}
// The value of the sample that has at least these labels.
const valueOf = (metrics, name, labels = {}) =>
  metrics.get(name).samples.find((sample) => hasAll(sample.labels, labels))?.value;
const hasAll = (labels, wanted) =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

test("every metric has a help, a type and samples of its own", async () => {
  const all = await metrics();
  assert.ok(all.size > 20);
  for (const [name, { type, help }] of all) {
    assert.match(type, /^(counter|gauge|histogram)$/, name);
    assert.ok(help.length > 5, name);
  }
});

test("names say their unit, and counters that they are counters", async () => {
  for (const [name, { type }] of await metrics()) {
    assert.match(name, /^xref_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.doesNotMatch(name, OTHER_UNITS);
  }
});

test("no sample is there twice", async () => {
  for (const [name, { samples }] of await metrics()) {
    const keys = samples.map((sample) => sample.name + JSON.stringify(sample.labels));
    assert.equal(new Set(keys).size, keys.length, name);
  }
});

test("buckets of a histogram add up", async () => {
  const { samples } = (await metrics()).get("xref_request_duration_seconds");
  for (const operation of ["check", "change"]) {
    const of = (suffix) =>
      samples.filter(({ name, labels }) => name.endsWith(suffix) && labels.operation === operation);
    const buckets = of("_bucket").map(({ labels, value }) => [
      Number(labels.le.replace("+Inf", "Infinity")),
      value,
    ]);
    assert.deepEqual(
      buckets,
      [...buckets].sort(([a], [b]) => a - b),
    );
    assert.ok(buckets.every(([, value], i) => i === 0 || value >= buckets[i - 1][1]));
    assert.deepEqual(buckets.at(-1), [Infinity, of("_count")[0].value]);
    assert.equal(of("_sum").length, 1);
  }
});

test("checks, hits, misses, additions and conflicts are counted by place", async () => {
  const place = await shop.newPlace();
  await place.add(numbered(3));
  await place.add([["SO-00000", "INV-other"]]);
  bodyOf(
    await place.post("/check", { source_ids: ["SO-00000", "SO-00001", "SO-8", "SO-9", "SO-10"] }),
  );
  bodyOf(await place.post("/claim", { source_ids: ["SO-c"], owner: "w" }));
  const told = await metrics();
  const expected = {
    xref_references: 3,
    xref_added_references_total: 3,
    xref_conflicts_total: 1,
    xref_checked_ids_total: 5,
    xref_check_hits_total: 2,
    xref_check_misses_total: 3,
    xref_claims_open: 1,
    xref_claims_expired: 0,
  };
  const labels = { integration: place.integration, type: "orders" };
  const found = Object.keys(expected).map((name) => [name, valueOf(told, name, labels)]);
  assert.deepEqual(Object.fromEntries(found), expected);
});

test("the daemon as a whole is told as the command tells it", async () => {
  const told = await metrics();
  const status = await shop.daemon.status();
  assert.deepEqual(
    [
      valueOf(told, "xref_up_info", { role: "primary", version: status.version }),
      valueOf(told, "xref_ready"),
    ],
    [1, 1],
  );
  const same = {
    xref_lsn: "lsn",
    xref_epoch: "epoch",
    xref_memory_limit_bytes: "memory_limit_bytes",
  };
  for (const [name, fact] of Object.entries(same))
    assert.equal(valueOf(told, name), status[fact], name);
});

test("limits and what they refused are told as the command tells them", async () => {
  const told = await metrics();
  const status = await shop.daemon.status();
  const names = Object.keys(status).filter((name) => name.startsWith("limit_"));
  assert.ok(names.length > 20);
  for (const fact of names) {
    const name = fact.slice("limit_".length);
    assert.equal(valueOf(told, "xref_limit", { name }), status[fact], name);
    assert.equal(
      valueOf(told, "xref_refused_total", { limit: name }),
      status[`refused_${name}`],
      name,
    );
  }
});

test("what a limit refuses is counted", async () => {
  const before = await metrics();
  const place = await shop.newPlace();
  const many = Array.from({ length: 600 }, (_, i) => [`SO-${i}`, `INV-${i}`]);
  await place.add(many);
  const source_ids = many.map(([source]) => source);
  assert.equal((await place.post("/delete", { source_ids })).status, 403);
  const limit = "deletes_per_minute";
  const count = (metrics) => valueOf(metrics, "xref_refused_total", { limit });
  assert.equal(count(await metrics()), count(before) + 1);
});

test("counters only grow", async () => {
  const before = await metrics();
  const place = await shop.newPlace();
  await place.add(numbered(1));
  const after = await metrics();
  for (const [name, { type, samples }] of before) {
    if (type === "gauge") continue;
    for (const sample of samples) {
      const now = after
        .get(name)
        .samples.find((one) => one.name === sample.name && hasAll(one.labels, sample.labels));
      assert.ok(now.value >= sample.value, JSON.stringify(sample));
    }
  }
  assert.ok(
    valueOf(after, "xref_commit_groups_total") > valueOf(before, "xref_commit_groups_total"),
  );
  assert.ok(valueOf(after, "xref_requests_total") > valueOf(before, "xref_requests_total"));
});
