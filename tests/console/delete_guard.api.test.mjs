import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf, problemOf } from "./api.mjs";
import { numbered, useShop } from "./shop.mjs";

// Deletions of one actor within a minute, as the daemon has it unless told otherwise.
const DELETES_MAX = 500;
const shop = useShop();

async function filledPlace(count = DELETES_MAX + 1) {
  const place = await shop.newPlace();
  await place.add(numbered(count));
  return place;
}
const sourceIds = (count) => numbered(count).map(([source]) => source);
const deleteAs = (place, actor, body) => place.post("/delete", body, { "Xref-Actor": actor });

test("more deletions than allowed within a minute need a confirmation", async () => {
  const place = await filledPlace();
  const source_ids = sourceIds(DELETES_MAX + 1);
  const refused = await deleteAs(place, "ada", { source_ids });
  const { detail, confirmation } = problemOf(refused, 403, "confirmation-needed");
  assert.match(detail, /may create up to 501 records again/);
  assert.equal((await place.links()).length, DELETES_MAX + 1);
  const { totals } = bodyOf(await deleteAs(place, "ada", { source_ids, confirmation }));
  assert.deepEqual(totals, { done: DELETES_MAX + 1 });
  assert.deepEqual(await place.links(), []);
});

test("a confirmation is good for its own request only", async () => {
  const place = await filledPlace();
  const source_ids = sourceIds(DELETES_MAX + 1);
  const { confirmation } = problemOf(
    await deleteAs(place, "bob", { source_ids }),
    403,
    "confirmation-needed",
  );
  const other = { source_ids: source_ids.slice(1), confirmation };
  problemOf(await deleteAs(place, "bob", other), 403, "forbidden");
  assert.equal((await place.links()).length, DELETES_MAX + 1);
});

test("single deletions count as well, and go ahead with a confirmation", async () => {
  const place = await filledPlace();
  const actor = { "Xref-Actor": "cy" };
  bodyOf(await deleteAs(place, "cy", { source_ids: sourceIds(DELETES_MAX) }));
  const last = (confirmation) => {
    const query = { source_id: `SO-00${DELETES_MAX}`, confirmation };
    return place.send("DELETE", "/reference", { query, headers: actor });
  };
  const { confirmation } = problemOf(await last(), 403, "confirmation-needed");
  assert.equal((await last(confirmation)).status, 204);
  assert.deepEqual(await place.links(), []);
});

test("deletions of another actor do not count", async () => {
  const place = await filledPlace(DELETES_MAX * 2);
  const ids = sourceIds(DELETES_MAX * 2);
  bodyOf(await deleteAs(place, "dan", { source_ids: ids.slice(0, DELETES_MAX) }));
  bodyOf(await deleteAs(place, "eve", { source_ids: ids.slice(DELETES_MAX) }));
  assert.deepEqual(await place.links(), []);
});
