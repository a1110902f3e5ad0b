import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf, problemOf } from "./api.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
const INTEGRATIONS = `${BASE}/integrations`;
const PLATFORMS = { source_platform: "Shopify", target_platform: "Business Central" };
const create = (name, platforms = PLATFORMS) => shop.api.post(INTEGRATIONS, { name, ...platforms });

test("an integration is created with the four standard types", async () => {
  const created = bodyOf(await create("new"), 201);
  assert.deepEqual(
    created.types.map(({ name }) => name),
    ["articles", "customers", "orders", "stock"],
  );
  const { source, target } = await shop.integration("new");
  assert.deepEqual([source, target], ["Shopify", "Business Central"]);
});

test("creating it again as it is changes nothing", async () => {
  const created = bodyOf(await create("twice"), 201);
  const lsn = await shop.lsn();
  assert.deepEqual(bodyOf(await create("twice"), 200), created);
  assert.equal(await shop.lsn(), lsn);
});

test("creating it with other platforms is refused", async () => {
  bodyOf(await create("taken"), 201);
  problemOf(await create("taken", { ...PLATFORMS, target_platform: "SAP" }), 409, "exists");
  assert.equal((await shop.integration("taken")).target, "Business Central");
});

test("an integration tells how many references its types have", async () => {
  const place = await shop.newPlace("counted");
  await place.add(numbered(3));
  const counted = bodyOf(await shop.api.get(`${INTEGRATIONS}/counted`));
  assert.equal(counted.references, 3);
  assert.equal(counted.types.find(({ name }) => name === "orders").references, 3);
  const listed = bodyOf(await shop.api.get(INTEGRATIONS)).integrations;
  assert.deepEqual(
    listed.find(({ name }) => name === "counted"),
    counted,
  );
});

test("an integration that is not there is told", async () => {
  problemOf(await shop.api.get(`${INTEGRATIONS}/nobody`), 404, "unknown-place");
  problemOf(await shop.api.patch(`${INTEGRATIONS}/nobody`, PLATFORMS), 404, "unknown-place");
});

test("platforms are renamed, once", async () => {
  await shop.newPlace("renamed");
  const names = { source_platform: "Shopify Plus", target_platform: "D365 \u05d0 <b>" };
  const rename = () => shop.api.patch(`${INTEGRATIONS}/renamed`, names);
  assert.deepEqual(bodyOf(await rename()), { changed: true });
  assert.deepEqual(bodyOf(await rename()), { changed: false });
  const { source, target } = await shop.integration("renamed");
  assert.deepEqual([source, target], [names.source_platform, names.target_platform]);
});

test("an entity type is created, and can be created again", async () => {
  await shop.newPlace("typed");
  const add = () => shop.api.post(`${INTEGRATIONS}/typed/types`, { name: "invoices" });
  assert.deepEqual(bodyOf(await add(), 201), { name: "invoices" });
  assert.deepEqual(bodyOf(await add(), 200), { name: "invoices" });
  assert.equal((await shop.integration("typed")).references.invoices, 0);
});

test("a type with unique targets refuses a second source of a target", async () => {
  const place = await shop.newPlace();
  assert.deepEqual(bodyOf(await place.send("PATCH", "", { json: { unique_targets: true } })), {
    changed: true,
  });
  await place.add([["SO-1", "INV-1"]]);
  const second = await place.post("/references", { source_id: "SO-2", target_id: "INV-1" });
  assert.equal(problemOf(second, 409, "target-taken").other_source_id, "SO-1");
  assert.deepEqual(await place.links(), [["SO-1", "INV-1"]]);
});

// ---- Dropping and restoring ----

const preview = async (name) => bodyOf(await shop.api.post(`${INTEGRATIONS}/${name}/drop-preview`));
const drop = (name, { token, references }) =>
  shop.api.post(`${INTEGRATIONS}/${name}/drop`, { token, references });

// Takes all steps of a restore, and returns how many references they brought back.
async function restore(trash, body = {}) {
  let restored = 0;
  for (let cursor; cursor !== null; ) {
    const step = { ...body, ...(cursor === undefined ? {} : { cursor }) };
    const done = bodyOf(await shop.api.post(`${BASE}/trash/${trash}/restore`, step));
    restored += done.restored;
    cursor = done.next_cursor;
  }
  return restored;
}

test("a drop's preview tells what would go, and changes nothing", async () => {
  const place = await shop.newPlace("previewed");
  await place.add(numbered(2));
  bodyOf(await place.post("/claim", { source_ids: ["C-1"], owner: "w" }));
  const lsn = await shop.lsn();
  const { types, references, open_claims, target_platform, consequence } =
    await preview("previewed");
  assert.deepEqual({ types, references, open_claims }, { types: 4, references: 2, open_claims: 1 });
  assert.equal(target_platform, "Business Central");
  assert.match(consequence, /2 new records in Business Central/);
  assert.equal(await shop.lsn(), lsn);
});

test("a dropped integration is gone, and comes back as it was", async () => {
  const place = await shop.newPlace("dropped");
  await place.add(numbered(12));
  const { references, trash } = bodyOf(await drop("dropped", await preview("dropped")));
  assert.equal(references, 12);
  assert.equal(await shop.integration("dropped"), undefined);
  problemOf(await place.get("/references"), 404, "unknown-place");
  await restore(trash);
  assert.deepEqual(await place.links(), numbered(12));
});

test("a dropped integration comes back under another name", async () => {
  const place = await shop.newPlace("old-name");
  await place.add(numbered(2));
  const { trash } = bodyOf(await drop("old-name", await preview("old-name")));
  await restore(trash, { name: "new-name" });
  assert.equal(await shop.integration("old-name"), undefined);
  assert.equal((await shop.integration("new-name")).references.orders, 2);
});

test("a drop with another count than the preview told changes nothing", async () => {
  const place = await shop.newPlace("miscounted");
  await place.add(numbered(2));
  const told = await preview("miscounted");
  problemOf(await drop("miscounted", { ...told, references: 3 }), 409, "conflict");
  assert.deepEqual(await place.links(), numbered(2));
});

test("a change after the preview spoils its token", async () => {
  const place = await shop.newPlace("spoilt");
  await place.add([["SO-1", "INV-1"]]);
  const told = await preview("spoilt");
  bodyOf(await place.reference("PUT", "SO-1", { target_id: "INV-2" }));
  problemOf(await drop("spoilt", told), 403, "forbidden");
  assert.deepEqual(await place.links(), [["SO-1", "INV-2"]]);
});

test("an integration does not come back where its name is taken", async () => {
  await shop.newPlace("contested");
  const { trash } = bodyOf(await drop("contested", await preview("contested")));
  await shop.newPlace("contested");
  problemOf(await shop.api.post(`${BASE}/trash/${trash}/restore`, {}), 403, "forbidden");
});
