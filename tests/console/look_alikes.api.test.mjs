import assert from "node:assert/strict";
import test from "node:test";

import { problemOf } from "./api.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
const listed = async (place, query) =>
  (await place.all("/look-alikes", "groups", query)).map(({ key, source_ids }) => [
    key,
    source_ids.sort(),
  ]);

test("source IDs that differ in case, spaces, zeros or what a gid begins with look alike", async () => {
  const place = await shop.newPlace();
  const ids = ["SO-1", "so-01", "SO - 001", "42", "gid://shop/Order/0042", "SO-2", "430", "43"];
  await place.add(ids.map((id) => [id, `INV ${id}`]));
  assert.deepEqual(await listed(place), [
    ["42", ["42", "gid://shop/Order/0042"]],
    ["so-1", ["SO - 001", "SO-1", "so-01"]],
  ]);
});

test("look-alikes are told page by page, as the command finds them", async () => {
  const place = await shop.newPlace();
  const links = numbered(12_000);
  await place.add([...links, ...links.slice(0, 7).map(([id, target]) => [id.toLowerCase(), target])]);
  const found = await listed(place, { limit: 3 });
  const command = await shop.daemon.facts("duplicates", place.name, "--sources-only");
  assert.deepEqual(
    found.map(([key]) => key),
    command.map(({ key }) => key),
  );
  assert.equal(found.length, 7);
});

test("a cursor of a search that another one has followed is refused", async () => {
  const place = await shop.newPlace();
  await place.add(["A", "a", "B", "b"].map((id) => [id, `INV-${id}`]));
  const { next_cursor: cursor } = (await place.get("/look-alikes", { limit: 1 })).json;
  await place.all("/look-alikes", "groups");
  problemOf(await place.get("/look-alikes", { cursor, limit: 1 }), 400, "bad-cursor");
});
