import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf } from "./api.mjs";
import { useShop } from "./shop.mjs";

const shop = useShop();

// A place with SO-1 -> INV-1 in it.
async function linkedPlace() {
  const place = await shop.newPlace();
  await place.add([["SO-1", "INV-1"]]);
  return place;
}

test("the history tells what happened, as the command tells it", async () => {
  const place = await linkedPlace();
  bodyOf(await place.reference("PATCH", "SO-1", { target_id: "INV-2" }));
  const deleted = await place.reference("DELETE", "SO-1");
  assert.equal(deleted.status, 204);
  const { events, reference, ignored, claim } = bodyOf(
    await place.get("/history", { source_id: "SO-1" }),
  );
  assert.deepEqual({ reference, ignored, claim }, { reference: null, ignored: false, claim: null });
  const told = events.map(({ kind, before, after }) => [kind, before, after]);
  assert.deepEqual(told, [
    ["added", null, "INV-1"],
    ["edited", "INV-1", "INV-2"],
    ["deleted", "INV-2", null],
  ]);
  const listed = await place.facts("history", "SO-1");
  assert.deepEqual(
    listed.map(({ event, before, after }) => [event, before, after]),
    told,
  );
});

test("the history tells of claims, ignored IDs and others with the same target", async () => {
  const place = await linkedPlace();
  await place.add([["SO-2", "INV-1"]]);
  const of = async (source_id) => bodyOf(await place.get("/history", { source_id }));
  assert.deepEqual((await of("SO-1")).other_sources, ["SO-2"]);
  bodyOf(await place.post("/ignore", { source_ids: ["SO-3"] }));
  assert.equal((await of("SO-3")).ignored, true);
  bodyOf(await place.post("/claim", { source_ids: ["SO-4"], owner: "w" }));
  assert.equal((await of("SO-4")).claim.owner, "w");
});

test("an explanation says why an ID is, or is not, synced", async () => {
  const place = await linkedPlace();
  const explain = async (source_id) => bodyOf(await place.get("/explain", { source_id })).sentences;
  assert.match((await explain("SO-1"))[0], /SO-1 is synced: it is linked to INV-1/);
  assert.match((await explain("SO-9"))[0], /SO-9 is not synced|SO-9 was never/);
});
