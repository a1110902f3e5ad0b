import assert from "node:assert/strict";
import test from "node:test";

import { useShop } from "./shop.mjs";

const shop = useShop();

test("targets that several source IDs share are found", async () => {
  const place = await shop.newPlace();
  await place.add([
    ["SO-1", "INV-1"],
    ["SO-2", "INV-1"],
    ["SO-3", "INV-3"],
  ]);
  const groups = await place.all("/duplicates", "groups");
  assert.deepEqual(groups, [{ target_id: "INV-1", source_ids: ["SO-1", "SO-2"], more: false }]);
});

test("a group of many source IDs tells that it has more", async () => {
  const place = await shop.newPlace();
  await place.add(Array.from({ length: 5_000 }, (_, i) => [`SO-${i}`, "INV-1"]));
  const [group] = await place.all("/duplicates", "groups");
  assert.equal(group.more, group.source_ids.length < 5_000);
});

test("duplicates are found page by page", async () => {
  const place = await shop.newPlace();
  const targets = Array.from({ length: 7 }, (_, i) => `INV-${i}`);
  await place.add(
    targets.flatMap((target) => [
      [`${target}-a`, target],
      [`${target}-b`, target],
    ]),
  );
  const groups = await place.all("/duplicates", "groups", { limit: 3 });
  assert.deepEqual(groups.map(({ target_id }) => target_id).sort(), targets);
});
