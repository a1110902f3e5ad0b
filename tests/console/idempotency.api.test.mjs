import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf, problemOf } from "./api.mjs";
import { useShop } from "./shop.mjs";

const shop = useShop();
let keys = 0;
const newKey = () => ({ "Idempotency-Key": `key-${++keys}` });
const LINK = { source_id: "SO-1", target_id: "INV-1" };
const isReplayed = ({ headers }) => headers["idempotency-replayed"] === "true";

test("the same key with the same request is done once, and answered as before", async () => {
  const place = await shop.newPlace();
  const key = newKey();
  const first = await place.post("/references", LINK, key);
  const lsn = await shop.lsn();
  const again = await place.post("/references", LINK, key);
  assert.deepEqual(bodyOf(again, 201), bodyOf(first, 201));
  assert.deepEqual([isReplayed(first), isReplayed(again)], [false, true]);
  assert.equal(await shop.lsn(), lsn);
});

test("a replay tells what was true then, not what is true now", async () => {
  const place = await shop.newPlace();
  const key = newKey();
  bodyOf(await place.post("/references", LINK, key), 201);
  bodyOf(await place.reference("PUT", "SO-1", { target_id: "INV-2" }));
  assert.equal(bodyOf(await place.post("/references", LINK, key), 201).target_id, "INV-1");
  assert.equal(await place.targetOf("SO-1"), "INV-2");
});

test("the same key with another request is refused", async () => {
  const place = await shop.newPlace();
  const key = newKey();
  bodyOf(await place.post("/references", LINK, key), 201);
  const other = { source_id: "SO-2", target_id: "INV-2" };
  problemOf(await place.post("/references", other, key), 422, "idempotency-mismatch");
  problemOf(
    await place.post("/ignore", { source_ids: ["SO-3"] }, key),
    422,
    "idempotency-mismatch",
  );
  assert.deepEqual(await place.links(), [["SO-1", "INV-1"]]);
});

test("the same key at another place is refused", async () => {
  const [place, other] = [await shop.newPlace(), await shop.newPlace()];
  const key = newKey();
  bodyOf(await place.post("/references", LINK, key), 201);
  problemOf(await other.post("/references", LINK, key), 422, "idempotency-mismatch");
  assert.deepEqual(await other.links(), []);
});

test("a refusal is answered again as well", async () => {
  const place = await shop.newPlace();
  await place.add([["SO-1", "INV-0"]]);
  const key = newKey();
  problemOf(await place.post("/references", LINK, key), 409, "conflict");
  await place.reference("DELETE", "SO-1");
  const again = await place.post("/references", LINK, key);
  problemOf(again, 409, "conflict");
  assert.ok(isReplayed(again));
});

test("of many requests at once with one key, one is done", async () => {
  const place = await shop.newPlace();
  const key = newKey();
  const claim = () => place.post("/claim", { source_ids: ["SO-1"], owner: "w" }, key);
  const answers = await Promise.all(Array.from({ length: 8 }, claim));
  const done = answers.filter(({ status }) => status === 200);
  assert.ok(done.length > 0);
  assert.ok(done.every(({ text }) => text === done[0].text));
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    problemOf(answer, 409, "in-progress");
  }
  assert.equal((await place.all("/claims", "claims"))[0].lost_owner, null);
});

test("a delete without a body is done once", async () => {
  const place = await shop.newPlace();
  await place.add([["SO-1", "INV-1"]]);
  const request = { query: { source_id: "SO-1" }, headers: newKey() };
  assert.equal((await place.send("DELETE", "/reference", request)).status, 204);
  assert.equal((await place.send("DELETE", "/reference", request)).status, 204);
});

test("a key is 1 to 255 printable characters", async () => {
  const place = await shop.newPlace();
  const post = (key) => place.post("/ignore", { source_ids: ["SO-1"] }, { "Idempotency-Key": key });
  bodyOf(await post("k".repeat(255)));
  for (const key of ["k".repeat(256), "two words", "caf\u00e9"])
    problemOf(await post(key), 400, "bad-request");
});
