import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf, problemOf } from "./api.mjs";
import { useShop } from "./shop.mjs";

const shop = useShop();
const LINK = { source_id: "SO-1", target_id: "INV-1" };

// A place with SO-1 -> INV-1 in it.
async function linkedPlace() {
  const place = await shop.newPlace();
  bodyOf(await place.post("/references", LINK), 201);
  return place;
}

test("a reference that is created by hand is there", async () => {
  const place = await shop.newPlace();
  const created = bodyOf(await place.post("/references", LINK, { "Xref-Actor": "Zo%C3%AB" }), 201);
  assert.deepEqual(created, { ...LINK, verdict: "done" });
  const { origin, created_by, updated_at } = bodyOf(await place.reference("GET", "SO-1"));
  assert.deepEqual([origin, created_by, updated_at], ["manual", "Zoë", null]);
  assert.equal(await place.targetOf("SO-1"), "INV-1");
});

test("who changes something is http, unless it says so", async () => {
  const place = await linkedPlace();
  assert.equal(bodyOf(await place.reference("GET", "SO-1")).created_by, "http");
});

test("creating it again as it is changes nothing", async () => {
  const place = await linkedPlace();
  const lsn = await shop.lsn();
  bodyOf(await place.post("/references", LINK), 200);
  assert.equal(await shop.lsn(), lsn);
});

test("creating it with another target is a conflict that names the standing one", async () => {
  const place = await linkedPlace();
  const refused = await place.post("/references", { ...LINK, target_id: "INV-2" });
  assert.equal(problemOf(refused, 409, "conflict").standing_target_id, "INV-1");
  assert.equal(await place.targetOf("SO-1"), "INV-1");
});

test("an ignored source ID is not linked", async () => {
  const place = await shop.newPlace();
  bodyOf(await place.post("/ignore", { source_ids: ["SO-1"] }));
  problemOf(await place.post("/references", LINK), 409, "ignored");
  problemOf(await place.reference("PUT", "SO-1", { target_id: "INV-1" }), 409, "ignored");
  assert.equal(await place.targetOf("SO-1"), null);
});

test("a put links whatever there was", async () => {
  const place = await linkedPlace();
  assert.equal(
    bodyOf(await place.reference("PUT", "SO-1", { target_id: "INV-2" })).target_id,
    "INV-2",
  );
  bodyOf(await place.reference("PUT", "SO-2", { target_id: "INV-3" }));
  assert.deepEqual(await place.targetsOf("SO-1", "SO-2"), ["INV-2", "INV-3"]);
});

test("an edit repoints what is as expected", async () => {
  const place = await linkedPlace();
  const edit = { target_id: "INV-2", expected_target_id: "INV-1" };
  bodyOf(await place.reference("PATCH", "SO-1", edit));
  assert.equal(bodyOf(await place.reference("GET", "SO-1")).updated_by, "http");
  assert.equal(await place.targetOf("SO-1"), "INV-2");
});

test("an edit of something unexpected changes nothing", async () => {
  const place = await linkedPlace();
  const edit = { target_id: "INV-2", expected_target_id: "INV-0" };
  const refused = await place.reference("PATCH", "SO-1", edit);
  assert.equal(problemOf(refused, 409, "conflict").standing_target_id, "INV-1");
  assert.equal(await place.targetOf("SO-1"), "INV-1");
});

test("a deleted reference is gone, and its records count as not synced", async () => {
  const place = await linkedPlace();
  const deleted = await place.reference("DELETE", "SO-1", undefined, {
    expected_target_id: "INV-1",
  });
  assert.equal(deleted.status, 204);
  assert.equal(await place.targetOf("SO-1"), null);
});

test("a delete of something unexpected changes nothing", async () => {
  const place = await linkedPlace();
  const refused = await place.reference("DELETE", "SO-1", undefined, {
    expected_target_id: "INV-0",
  });
  assert.equal(problemOf(refused, 409, "conflict").standing_target_id, "INV-1");
  assert.equal(await place.targetOf("SO-1"), "INV-1");
});

test("a reference that is not there is told", async () => {
  const place = await shop.newPlace();
  problemOf(await place.reference("GET", "SO-9"), 404, "missing");
  problemOf(await place.reference("PATCH", "SO-9", { target_id: "INV-9" }), 404, "missing");
  problemOf(await place.reference("DELETE", "SO-9"), 404, "missing");
});

const ODD_IDS = [
  "orders/2026/../1",
  "a b + c & d = e # f ? g % h",
  "<script>alert(1)</script>",
  "\u202eabc\u202c",
  "\u05d0\u05d1\u05d2 \u0627",
  `quoted "this", and that`,
  "👩‍🚀",
  " leading and trailing ",
  "..",
  "%2e%2e%2f",
  "é".repeat(127),
  "x".repeat(255),
];
for (const odd of ODD_IDS) {
  test(`an ID is taken as it is: ${odd.slice(0, 40)}`, async () => {
    const place = await shop.newPlace();
    bodyOf(await place.reference("PUT", odd, { target_id: odd }));
    const found = bodyOf(await place.reference("GET", odd));
    assert.deepEqual([found.source_id, found.target_id], [odd, odd]);
    assert.deepEqual(await place.links(), [[odd, odd]]);
  });
}
