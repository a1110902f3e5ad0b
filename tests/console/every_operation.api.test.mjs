// A day in the life of an integration, in which every operation of the description is answered with
// success at least once.

import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf } from "./api.mjs";
import { toCsv } from "./csv.mjs";
import { operations } from "./description.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
const INTEGRATION = `${BASE}/integrations/day`;
let place;

const done = (answer) => assert.ok(answer.status < 300, answer.text);
const first = ({ outcomes }) => outcomes[0];
const claim = async () =>
  first(bodyOf(await place.post("/claim", { source_ids: ["SO-c"], owner: "w" }))).token;

test("an integration is made, renamed and given a type and rules", async () => {
  place = await shop.newPlace("day");
  done(await shop.api.patch(INTEGRATION, { source_platform: "Shop", target_platform: "ERP" }));
  done(await shop.api.post(`${INTEGRATION}/types`, { name: "invoices" }));
  done(await place.send("PATCH", "", { json: { unique_targets: false } }));
  done(await shop.api.get(INTEGRATION));
  done(await shop.api.get(`${BASE}/integrations`));
});

test("references are imported, exported and asked for", async () => {
  const headers = { "Content-Type": "text/csv" };
  const sent = { body: toCsv(numbered(5)), headers, query: { import_id: "morning" } };
  done(await place.send("POST", "/imports", sent));
  done(await shop.api.get(`${BASE}/imports`));
  done(await shop.api.get(`${BASE}/imports/morning`));
  for (const route of ["/export", "/references", "/duplicates", "/look-alikes"]) done(await place.get(route));
  for (const route of ["/check", "/lookup"])
    done(await place.post(route, { source_ids: ["SO-00000"] }));
  done(await place.post("/reverse", { target_ids: ["INV-00000"] }));
});

test("single references come, change and go", async () => {
  done(await place.post("/references", { source_id: "SO-1", target_id: "INV-1" }));
  done(await place.reference("PUT", "SO-1", { target_id: "INV-2" }));
  done(await place.reference("PATCH", "SO-1", { target_id: "INV-3" }));
  done(await place.reference("GET", "SO-1"));
  done(await place.reference("DELETE", "SO-1"));
  for (const route of ["/history", "/explain"]) done(await place.get(route, { source_id: "SO-1" }));
});

test("batches come, change and go", async () => {
  await place.add([["SO-1", "INV-1"]]);
  done(await place.post("/edit", { references: [{ source_id: "SO-1", target_id: "INV-2" }] }));
  for (const route of ["/delete", "/ignore", "/unignore"])
    done(await place.post(route, { source_ids: ["SO-1"] }));
});

test("claims are made, renewed, released and settled", async () => {
  const released = { source_id: "SO-c", token: await claim() };
  done(await place.get("/claims"));
  done(await place.post("/renew", { claims: [released] }));
  done(await place.post("/release", { claims: [released] }));
  const settled = { source_id: "SO-c", token: await claim(), target_id: "INV-c" };
  done(await place.post("/settle", { claims: [settled] }));
});

test("a type is purged and restored, and the integration dropped", async () => {
  const confirmed = ({ token, references }) => ({ token, references });
  const purge = confirmed(bodyOf(await place.post("/purge-preview")));
  const { trash } = bodyOf(await place.post("/purge", purge));
  done(await shop.api.get(`${BASE}/trash`));
  done(await shop.api.post(`${BASE}/trash/${trash}/restore`, {}));
  const drop = confirmed(bodyOf(await shop.api.post(`${INTEGRATION}/drop-preview`)));
  done(await shop.api.post(`${INTEGRATION}/drop`, drop));
});

test("the daemon tells how it is, and what it can do", async () => {
  const paths = ["/healthz", "/readyz", "/metrics", `${BASE}/status`, `${BASE}/openapi.json`];
  for (const path of paths) done(await shop.api.get(path));
});

test("every operation was answered with success", () => {
  const all = operations.map(({ method, template }) => `${method} ${template}`);
  assert.deepEqual(
    all.filter((one) => !shop.api.succeeded.has(one)),
    [],
  );
});
