import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf } from "./api.mjs";
import { numbered, references, useShop } from "./shop.mjs";

const shop = useShop();

// A place with SO-00000 -> INV-00000 and so on.
async function filledPlace(count = 3) {
  const place = await shop.newPlace();
  await place.add(numbered(count));
  return place;
}
const verdicts = ({ outcomes }) => outcomes.map(({ verdict }) => verdict);

test("a check tells which source IDs are synced", async () => {
  const place = await filledPlace();
  const source_ids = ["SO-00002", "SO-9", "SO-00000", "SO-00002"];
  const checked = bodyOf(await place.post("/check", { source_ids }));
  assert.deepEqual(checked, { synced: [true, false, true, true], synced_count: 3 });
});

test("a check of 65,536 source IDs is answered as a whole", async () => {
  const place = await filledPlace();
  const source_ids = numbered(65_536).map(([source]) => source);
  const { synced, synced_count } = bodyOf(await place.post("/check", { source_ids }));
  assert.equal(synced.length, 65_536);
  assert.equal(synced_count, 3);
});

test("a lookup tells the target IDs", async () => {
  const place = await filledPlace();
  const { target_ids } = bodyOf(await place.post("/lookup", { source_ids: ["SO-00001", "SO-9"] }));
  assert.deepEqual(target_ids, ["INV-00001", null]);
});

test("a lookup at a time tells what was linked then", async () => {
  const place = await filledPlace(1);
  bodyOf(await place.reference("PATCH", "SO-00000", { target_id: "INV-new" }));
  const edited = bodyOf(await place.reference("GET", "SO-00000"));
  const at = async (time) => {
    const asked = { source_ids: ["SO-00000", "SO-9"], at: time };
    return bodyOf(await place.post("/lookup", asked)).target_ids;
  };
  assert.deepEqual(await at(edited.updated_at), ["INV-new", null]);
  assert.deepEqual(await at(edited.created_at), ["INV-00000", null]);
});

test("a reverse lookup tells the source IDs of each target", async () => {
  const place = await filledPlace();
  await place.add([["SO-x", "INV-00001"]]);
  const asked = { target_ids: ["INV-00001", "INV-9", "INV-00002"] };
  const { source_ids } = bodyOf(await place.post("/reverse", asked));
  assert.deepEqual(
    source_ids.map((ids) => ids.sort()),
    [["SO-00001", "SO-x"], [], ["SO-00002"]],
  );
  const one = bodyOf(await place.post("/reverse", { ...asked, sources_max: 1 })).source_ids;
  assert.deepEqual(
    one.map((ids) => ids.length),
    [1, 0, 1],
  );
});

test("adding tells what became of each item, and never overwrites", async () => {
  const place = await filledPlace(1);
  bodyOf(await place.post("/ignore", { source_ids: ["SO-i"] }));
  const links = [
    ["SO-n", "INV-n"],
    ["SO-00000", "INV-00000"],
    ["SO-00000", "INV-o"],
    ["SO-i", "INV-i"],
  ];
  const added = await place.add(links);
  assert.deepEqual(verdicts(added), ["done", "unchanged", "duplicate", "ignored"]);
  assert.equal(added.outcomes[2].number, 1);
  assert.deepEqual(added.totals, { done: 1, unchanged: 1, duplicate: 1, ignored: 1 });
  const { outcomes } = await place.add([["SO-00000", "INV-o"]]);
  assert.deepEqual(outcomes, [{ verdict: "conflict", other: "INV-00000" }]);
  assert.deepEqual(await place.links(), [
    ["SO-00000", "INV-00000"],
    ["SO-n", "INV-n"],
  ]);
});

test("adding overwrites where it is told to", async () => {
  const place = await filledPlace(2);
  const added = await place.add([["SO-00000", "INV-new"]], { overwrite: true });
  assert.deepEqual(verdicts(added), ["done"]);
  assert.deepEqual(await place.links(), [
    ["SO-00000", "INV-new"],
    ["SO-00001", "INV-00001"],
  ]);
});

test("a rehearsal tells what would happen, and changes nothing", async () => {
  const place = await filledPlace(1);
  const lsn = await shop.lsn();
  const links = [
    ["SO-00000", "INV-new"],
    ["SO-n", "INV-n"],
  ];
  assert.deepEqual(verdicts(await place.add(links, { rehearse: true })), ["conflict", "done"]);
  const both = { rehearse: true, overwrite: true };
  assert.deepEqual(verdicts(await place.add(links, both)), ["done", "done"]);
  assert.equal(await shop.lsn(), lsn);
});

test("the origin of what is added is kept", async () => {
  const place = await shop.newPlace();
  for (const origin of ["sync", "manual", "import"])
    await place.add([[`SO-${origin}`, "INV"]], { origin });
  const listed = await place.facts("list");
  assert.deepEqual(
    listed.map((one) => one.origin),
    ["import", "manual", "sync"],
  );
});

test("editing repoints what is as expected", async () => {
  const place = await filledPlace();
  const edits = [
    { source_id: "SO-00000", target_id: "INV-a" },
    { source_id: "SO-00001", target_id: "INV-b", expected_target_id: "INV-00001" },
    { source_id: "SO-00002", target_id: "INV-c", expected_target_id: "INV-0" },
    { source_id: "SO-9", target_id: "INV-d" },
  ];
  const edited = bodyOf(await place.post("/edit", { references: edits }));
  assert.deepEqual(verdicts(edited), ["done", "done", "conflict", "missing"]);
  assert.equal(edited.outcomes[2].other, "INV-00002");
  const links = [
    ["SO-00000", "INV-a"],
    ["SO-00001", "INV-b"],
    ["SO-00002", "INV-00002"],
  ];
  assert.deepEqual(await place.links(), links);
});

test("deleting removes the links that are there", async () => {
  const place = await filledPlace();
  const deleted = bodyOf(await place.post("/delete", { source_ids: ["SO-00001", "SO-9"] }));
  assert.deepEqual(verdicts(deleted), ["done", "missing"]);
  assert.deepEqual(await place.links(), [numbered(3)[0], numbered(3)[2]]);
});

test("ignored source IDs are not linked until they are un-ignored", async () => {
  const place = await filledPlace(1);
  const ids = { source_ids: ["SO-i", "SO-00000"] };
  assert.deepEqual(verdicts(bodyOf(await place.post("/ignore", ids))), ["done", "synced"]);
  assert.deepEqual(verdicts(await place.add([["SO-i", "INV-i"]])), ["ignored"]);
  assert.deepEqual(verdicts(bodyOf(await place.post("/unignore", ids))), ["done", "unchanged"]);
  assert.deepEqual(verdicts(await place.add([["SO-i", "INV-i"]])), ["done"]);
  assert.equal(await place.targetOf("SO-i"), "INV-i");
});

test("an item that is at fault is told, and nothing of the batch is done", async () => {
  const place = await shop.newPlace();
  const links = [...numbered(2), ["", "INV-x"]];
  const refused = await place.post("/add", { references: references(links) });
  assert.equal(refused.status, 400, refused.text);
  assert.equal(refused.json.item, 2);
  assert.deepEqual(await place.links(), []);
});
