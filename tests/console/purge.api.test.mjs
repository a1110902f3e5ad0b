import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf, problemOf } from "./api.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
const COUNT = 2_500;

async function filledPlace() {
  const place = await shop.newPlace();
  await place.add(numbered(COUNT));
  return place;
}
const preview = async (place) => bodyOf(await place.post("/purge-preview"));
const purge = (place, { token, references }) => place.post("/purge", { token, references });
async function purgedPlace() {
  const place = await filledPlace();
  const { trash } = bodyOf(await purge(place, await preview(place)));
  return { place, trash };
}

// Takes all steps of a restore, and returns what they did together.
async function restore(trash) {
  const done = { restored: 0, unchanged: 0, refused: [] };
  for (let cursor; cursor !== null; ) {
    const path = `${BASE}/trash/${trash}/restore`;
    const step = bodyOf(await shop.api.post(path, cursor === undefined ? {} : { cursor }));
    done.restored += step.restored;
    done.unchanged += step.unchanged;
    done.refused.push(...step.refused);
    cursor = step.next_cursor;
  }
  return done;
}

test("a preview tells what would go, and changes nothing", async () => {
  const place = await filledPlace();
  const lsn = await shop.lsn();
  const { references, target_platform, consequence, valid_seconds } = await preview(place);
  assert.deepEqual([references, target_platform], [COUNT, "Business Central"]);
  assert.match(consequence, new RegExp(`${COUNT} new records in Business Central`));
  assert.ok(valid_seconds > 0);
  assert.equal(await shop.lsn(), lsn);
});

test("a purge with another count than the preview told changes nothing", async () => {
  const place = await filledPlace();
  const told = await preview(place);
  problemOf(await purge(place, { ...told, references: COUNT - 1 }), 409, "conflict");
  assert.equal((await place.links()).length, COUNT);
  bodyOf(await purge(place, told));
});

test("purged references are gone, and count as not synced", async () => {
  const { place, trash } = await purgedPlace();
  assert.deepEqual(await place.links(), []);
  assert.equal(bodyOf(await place.post("/check", { source_ids: ["SO-00000"] })).synced_count, 0);
  const listed = bodyOf(await shop.api.get(`${BASE}/trash`)).trash.find(({ id }) => id === trash);
  assert.deepEqual(
    [listed.integration, listed.type, listed.references],
    [place.integration, "orders", COUNT],
  );
  assert.ok(listed.expires_at > listed.purged_at);
});

test("a token is good once", async () => {
  const place = await filledPlace();
  const told = await preview(place);
  bodyOf(await purge(place, told));
  problemOf(await purge(place, { ...told, references: 0 }), 403, "forbidden");
});

test("a token that nobody gave is refused", async () => {
  const place = await filledPlace();
  problemOf(await purge(place, { token: "1", references: COUNT }), 403, "forbidden");
  assert.equal((await place.links()).length, COUNT);
});

test("a change after the preview spoils its token, a claim does not", async () => {
  const place = await filledPlace();
  const spoilt = await preview(place);
  bodyOf(await place.reference("PUT", "SO-00000", { target_id: "INV-x" }));
  problemOf(await purge(place, spoilt), 403, "forbidden");
  const told = await preview(place);
  bodyOf(await place.post("/claim", { source_ids: ["SO-c"], owner: "w" }));
  bodyOf(await purge(place, told));
});

test("a restore brings all back", async () => {
  const { place, trash } = await purgedPlace();
  assert.deepEqual(await restore(trash), { restored: COUNT, unchanged: 0, refused: [] });
  assert.deepEqual(await place.links(), numbered(COUNT));
});

test("a restore tells what something else stands in the way of", async () => {
  const { place, trash } = await purgedPlace();
  await place.add([
    ["SO-00000", "INV-other"],
    ["SO-00001", "INV-00001"],
  ]);
  const { restored, unchanged, refused } = await restore(trash);
  assert.deepEqual([restored, unchanged], [COUNT - 2, 1]);
  const outcome = { verdict: "conflict", other: "INV-other" };
  assert.deepEqual(refused, [{ source_id: "SO-00000", target_id: "INV-00000", outcome }]);
  assert.equal(await place.targetOf("SO-00000"), "INV-other");
});

test("a restore of what is not in the trash is told", async () => {
  problemOf(await shop.api.post(`${BASE}/trash/4000000000/restore`, {}), 404, "missing");
});

test("a restore goes on with its own cursors only", async () => {
  const { trash } = await purgedPlace();
  const path = `${BASE}/trash/${trash}/restore`;
  problemOf(await shop.api.post(path, { cursor: "x" }), 400, "bad-cursor");
});
