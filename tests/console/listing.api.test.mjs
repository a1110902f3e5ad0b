import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf, problemOf } from "./api.mjs";
import { numbered, pairsOf, useShop } from "./shop.mjs";

const shop = useShop({ prepare });
const COUNT = 5_003;
// Target IDs in another order than source IDs.
const LINKS = numbered(COUNT).map(([source], i) => [
  source,
  `INV-${String(COUNT - i).padStart(5, "0")}`,
]);
let place;

async function prepare(shop) {
  place = await shop.newPlace();
  for (let from = 0; from < COUNT; from += 1_000) await place.add(LINKS.slice(from, from + 1_000));
}

const listed = async (query) => pairsOf(await place.all("/references", "references", query));
const byTarget = (a, b) => (a[1] < b[1] ? -1 : 1);

test("pages by source ID have each reference once", async () => {
  assert.deepEqual(await listed({ order: "source", limit: 499 }), LINKS);
});

test("pages by target ID have each reference once", async () => {
  assert.deepEqual(await listed({ order: "target", limit: 499 }), [...LINKS].sort(byTarget));
});

test("pages from the newest on have each reference once", async () => {
  const pages = await place.all("/references", "references", { order: "newest", limit: 499 });
  const lsns = pages.map(({ lsn }) => lsn);
  assert.deepEqual(
    lsns,
    [...lsns].sort((a, b) => b - a),
  );
  assert.deepEqual(pairsOf(pages).sort(), LINKS);
});

test("a page has 100 references, unless it is told otherwise", async () => {
  const { references, next_cursor } = bodyOf(await place.get("/references"));
  assert.deepEqual(pairsOf(references), LINKS.slice(0, 100));
  assert.notEqual(next_cursor, null);
});

test("a page has 1 to 1,000 references", async () => {
  assert.equal(bodyOf(await place.get("/references", { limit: 1_000 })).references.length, 1_000);
  for (const limit of [0, 1_001, -1, "x", ""]) {
    problemOf(await place.get("/references", { limit }), 400, "bad-request");
  }
});

test("a page tells up to which change it shows", async () => {
  const { as_of_lsn } = bodyOf(await place.get("/references", { limit: 1 }));
  assert.equal(as_of_lsn, await shop.lsn());
});

test("q finds by the beginning of either side", async () => {
  assert.deepEqual(await listed({ q: "SO-0001" }), LINKS.slice(10, 20));
  assert.deepEqual(
    (await listed({ q: "INV-0001" })).sort(),
    LINKS.filter(([, t]) => t.startsWith("INV-0001")),
  );
  assert.deepEqual(await listed({ q: "SO-9" }), []);
});

test("q finds what begins so on both sides once", async () => {
  const both = await shop.newPlace();
  await both.add([
    ["A-1", "B-1"],
    ["B-2", "A-2"],
    ["A-3", "A-3"],
    ["C-1", "C-1"],
  ]);
  const found = pairsOf(await both.all("/references", "references", { q: "A-", limit: 1 }));
  assert.deepEqual(found.sort(), [
    ["A-1", "B-1"],
    ["A-3", "A-3"],
    ["B-2", "A-2"],
  ]);
});

test("prefix and target_prefix find by one side", async () => {
  assert.deepEqual(await listed({ prefix: "SO-0001" }), LINKS.slice(10, 20));
  assert.deepEqual(await listed({ prefix: "INV" }), []);
  const found = LINKS.filter(([, target]) => target.startsWith("INV-0001"));
  assert.deepEqual((await listed({ target_prefix: "INV-0001", order: "target" })).sort(), found);
});

test("contains finds in the middle of either side", async () => {
  const found = LINKS.filter((link) => link.some((id) => id.includes("0123")));
  assert.deepEqual(await listed({ contains: "0123", limit: 7 }), found);
});

test("origin and times filter", async () => {
  const filtered = await shop.newPlace();
  await filtered.add([["SO-1", "INV-1"]]);
  bodyOf(await filtered.post("/references", { source_id: "SO-2", target_id: "INV-2" }), 201);
  const second = bodyOf(await filtered.reference("GET", "SO-2"));
  const found = async (query) => pairsOf(await filtered.all("/references", "references", query));
  assert.deepEqual(await found({ origin: "manual" }), [["SO-2", "INV-2"]]);
  assert.deepEqual(await found({ origin: "sync" }), [["SO-1", "INV-1"]]);
  assert.deepEqual(await found({ from: second.created_at }), [["SO-2", "INV-2"]]);
  assert.deepEqual(await found({ until: second.created_at }), [["SO-1", "INV-1"]]);
});

test("parameters that cannot be are refused", async () => {
  const bad = [
    { order: "sideways" },
    { origin: "magic" },
    { from: "yesterday" },
    { until: "2026-13-01T00:00:00Z" },
  ];
  for (const query of bad) problemOf(await place.get("/references", query), 400, "bad-request");
});

test("a cursor of another listing is refused", async () => {
  const { next_cursor: cursor } = bodyOf(await place.get("/references", { order: "source" }));
  for (const query of [
    { order: "target" },
    { order: "newest" },
    { prefix: "SO-0" },
    { contains: "1" },
  ]) {
    problemOf(await place.get("/references", { ...query, cursor }), 400, "bad-cursor");
  }
  problemOf(await place.get("/claims", { cursor }), 400, "bad-cursor");
  problemOf(await place.get("/duplicates", { cursor }), 400, "bad-cursor");
});

test("a cursor that nobody gave is refused", async () => {
  for (const cursor of ["x", "AAAA", "🍪", "a".repeat(5_000)]) {
    problemOf(await place.get("/references", { cursor }), 400, "bad-cursor");
  }
});

test("a cursor goes on where the reference that it stands on is gone", async () => {
  const changing = await shop.newPlace();
  await changing.add(numbered(10));
  const first = bodyOf(await changing.get("/references", { limit: 5 }));
  await changing.reference("DELETE", "SO-00004");
  const query = { limit: 100, cursor: first.next_cursor };
  const rest = bodyOf(await changing.get("/references", query));
  assert.deepEqual(pairsOf(rest.references), numbered(5, 5));
  assert.equal(rest.next_cursor, null);
});
