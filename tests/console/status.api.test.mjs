import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf } from "./api.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
const status = async () => bodyOf(await shop.api.get(`${BASE}/status`));
const ordersIn = ({ places }, { integration }) =>
  places.find((one) => one.integration === integration && one.type === "orders");
const sum = (counts) => counts.reduce((all, count) => all + count, 0);

// How these counters grew from one status to the other.
const grown = (before, after, ...names) => names.map((name) => after[name] - before[name]);

test("a daemon that is ready says so, as the command tells it", async () => {
  const told = await status();
  assert.deepEqual(
    [told.state, told.role, told.trouble, told.ack],
    ["ready", "primary", null, "disk"],
  );
  assert.deepEqual(
    [told.standbys, told.primary, told.following, told.references_expected],
    [[], null, null, null],
  );
  const facts = await shop.daemon.status();
  for (const name of ["version", "epoch", "lsn", "references", "memory_limit_bytes"]) {
    assert.equal(told[name], facts[name], name);
  }
});

test("checks and their hits and misses are counted as they are asked", async () => {
  const place = await shop.newPlace();
  await place.add(numbered(3));
  const before = await status();
  bodyOf(
    await place.post("/check", { source_ids: ["SO-00000", "SO-00001", "SO-8", "SO-9", "SO-10"] }),
  );
  const after = await status();
  assert.deepEqual(grown(before, after, "ids_checked", "ids_synced"), [5, 2]);
  const orders = [before, after].map((told) => ordersIn(told, place));
  assert.deepEqual(grown(...orders, "checked", "hits", "misses"), [5, 2, 3]);
});

test("checks of the binary protocol are counted with the others", async () => {
  const place = await shop.newPlace();
  await place.add(numbered(1));
  await place.facts("check", "--id", "SO-00000", "--id", "SO-9");
  const { checked, hits, misses } = ordersIn(await status(), place);
  assert.deepEqual({ checked, hits, misses }, { checked: 2, hits: 1, misses: 1 });
});

test("added references and conflicts are counted", async () => {
  const place = await shop.newPlace();
  const before = await status();
  await place.add(numbered(3));
  await place.add([
    ["SO-00000", "INV-other"],
    ["SO-x", "INV-x"],
  ]);
  const after = await status();
  assert.deepEqual(
    grown(before, after, "references", "items_done", "items_conflict", "lsn"),
    [4, 4, 1, 2],
  );
  const { references, added, conflicts } = ordersIn(after, place);
  assert.deepEqual({ references, added, conflicts }, { references: 4, added: 4, conflicts: 1 });
});

test("open claims are counted", async () => {
  const place = await shop.newPlace();
  bodyOf(await place.post("/claim", { source_ids: ["SO-1", "SO-2"], owner: "w" }));
  const { claims_open, claims_expired } = ordersIn(await status(), place);
  assert.deepEqual({ claims_open, claims_expired }, { claims_open: 2, claims_expired: 0 });
});

test("looked up source IDs are counted", async () => {
  const place = await shop.newPlace();
  const before = await status();
  bodyOf(await place.post("/lookup", { source_ids: ["SO-1", "SO-2", "SO-3"] }));
  assert.deepEqual(grown(before, await status(), "ids_looked_up"), [3]);
});

test("how long requests took is counted in buckets", async () => {
  const place = await shop.newPlace();
  const before = (await status()).latency;
  await place.facts("check", "--id", "SO-1");
  await place.add(numbered(1));
  const after = (await status()).latency;
  for (const operation of ["check", "change"]) {
    assert.equal(after[operation].length, after.bounds_us.length + 1);
    assert.ok(sum(after[operation]) > sum(before[operation]), operation);
    assert.ok(after[operation].every((count, i) => count >= before[operation][i]));
  }
  assert.deepEqual(
    after.bounds_us,
    [...after.bounds_us].sort((a, b) => a - b),
  );
});

test("a new integration and its types are in the status", async () => {
  const { integrations } = await status();
  const place = await shop.newPlace();
  const told = await status();
  assert.equal(told.integrations, integrations + 1);
  const types = told.places.filter(({ integration }) => integration === place.integration);
  assert.deepEqual(
    types.map(({ type }) => type),
    ["articles", "customers", "orders", "stock"],
  );
});
