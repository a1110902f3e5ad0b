// Who may do what: every operation of the description, asked by everybody.

import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf, problemOf } from "./api.mjs";
import { operations } from "./description.mjs";
import { exchange } from "./http_exchange.mjs";
import { references, useShop } from "./shop.mjs";

// What the role of a token allows.
const ROLES = {
  reader: ["status", "read"],
  syncer: ["status", "read", "write"],
  admin: ["status", "read", "write", "administer"],
  standby: ["status"],
  metrics: ["status"],
};
const OWN = ["shop-erp", "dropped", "made"];
const TYPE = `${BASE}/integrations/shop-erp/types/orders`;
const CSV = { "Content-Type": "text/csv" };

const shop = useShop({ locked: true, prepare });
const tokens = {}; // by the names of those who ask
let place;
let numbers = 0;
const fresh = (prefix) => `${prefix}-${++numbers}`;

async function prepare(shop) {
  place = await shop.newLinkedPlace("shop-erp");
  await shop.newPlace("other");
  for (const role of Object.keys(ROLES)) {
    tokens[role] = await shop.daemon.makeToken(`${role} of all`, role);
  }
  for (const role of ["reader", "syncer", "admin"]) {
    const make = (whose, integrations) =>
      shop.daemon.makeToken(`${role} of ${whose}`, role, { integrations });
    tokens[`${role} of it`] = await make("it", OWN);
    tokens[`${role} of another`] = await make("another", ["other"]);
  }
  tokens.revoked = await shop.daemon.makeToken("revoked", "admin");
  await shop.daemon.revokeToken("revoked");
  const last = tokens.admin.at(-1);
  tokens.wrong = tokens.admin.slice(0, -1) + (last === "A" ? "E" : "A");
}

// ---- What is asked ----

const source = async () => {
  const source_id = fresh("SO");
  await place.add([[source_id, fresh("INV")]]);
  return source_id;
};
const claimed = async () => {
  const source_id = fresh("SO");
  const { outcomes } = bodyOf(await place.post("/claim", { source_ids: [source_id], owner: "w" }));
  return { source_id, token: outcomes[0].token };
};
const confirmed = ({ token, references }) => ({ json: { token, references } });
const remake = async (name) => {
  const listed = bodyOf(await shop.api.get(`${BASE}/integrations`)).integrations;
  if (!listed.some((one) => one.name === name)) await shop.newPlace(name);
};
const drop = async (name) => {
  const path = `${BASE}/integrations/${name}`;
  const preview = bodyOf(await shop.api.post(`${path}/drop-preview`));
  return bodyOf(await shop.api.post(`${path}/drop`, confirmed(preview).json)).trash;
};

const at = (path, request) => ({ path, ...request });
const asks = (route, json) => ({
  needs: "read",
  about: "place",
  make: () => at(TYPE + route, { json }),
});
const gets = (route, query) => ({
  needs: "read",
  about: "place",
  make: () => at(TYPE + route, { query }),
});
const changes = (route, makeJson, more) => ({
  needs: "write",
  about: "place",
  make: async () => at(TYPE + route, { json: await makeJson() }),
  ...more,
});
const sees = (path, needs = "status") => ({ needs, make: () => at(path) });

// Of each operation: what it needs, what it is about ("place" where that is looked up first, which needs
// no more than to read), how it is asked, and what those are answered who may (200 if not said).
const TABLE = {
  getHealth: sees("/healthz", "nothing"),
  getReadiness: sees("/readyz", "nothing"),
  getDescription: sees(`${BASE}/openapi.json`, "nothing"),
  getStatus: sees(`${BASE}/status`),
  getMetrics: sees("/metrics"),
  listIntegrations: sees(`${BASE}/integrations`, "read"),
  listTrash: sees(`${BASE}/trash`, "read"),
  listImports: sees(`${BASE}/imports`, "read"),

  getIntegration: {
    needs: "read",
    about: "place",
    make: () => at(`${BASE}/integrations/shop-erp`),
  },
  createIntegration: {
    needs: "administer",
    about: "name",
    make: async () => {
      const listed = bodyOf(await shop.api.get(`${BASE}/integrations`)).integrations;
      if (listed.some(({ name }) => name === "made")) await drop("made");
      const json = { name: "made", source_platform: "a", target_platform: "b" };
      return at(`${BASE}/integrations`, { json });
    },
    done: 201,
  },
  renamePlatforms: {
    needs: "administer",
    about: "integration",
    make: () =>
      at(`${BASE}/integrations/shop-erp`, { json: { source_platform: "a", target_platform: "b" } }),
  },
  createType: {
    needs: "administer",
    about: "integration",
    make: () => at(`${BASE}/integrations/shop-erp/types`, { json: { name: fresh("type") } }),
    done: 201,
  },
  setRules: {
    needs: "administer",
    about: "place",
    make: () => at(TYPE, { json: { unique_targets: false } }),
  },
  previewDrop: {
    needs: "administer",
    about: "integration",
    make: () => at(`${BASE}/integrations/shop-erp/drop-preview`),
  },
  dropIntegration: {
    needs: "administer",
    about: "integration",
    make: async () => {
      await remake("dropped");
      const path = `${BASE}/integrations/dropped`;
      return at(`${path}/drop`, confirmed(bodyOf(await shop.api.post(`${path}/drop-preview`))));
    },
  },
  previewPurge: {
    needs: "administer",
    about: "place",
    make: () => at(`${TYPE}/purge-preview`),
  },
  purge: {
    needs: "administer",
    about: "place",
    make: async () => at(`${TYPE}/purge`, confirmed(bodyOf(await place.post("/purge-preview")))),
  },
  restoreTrash: {
    needs: "administer",
    about: "integration",
    make: async () => {
      const preview = bodyOf(await place.post("/purge-preview"));
      const { trash } = bodyOf(await place.post("/purge", confirmed(preview).json));
      return at(`${BASE}/trash/${trash}/restore`, { json: {} });
    },
  },

  listReferences: gets("/references"),
  getReference: {
    ...gets("/reference"),
    make: async () => at(`${TYPE}/reference`, { query: { source_id: await source() } }),
  },
  getHistory: gets("/history", { source_id: "SO-1" }),
  explain: gets("/explain", { source_id: "SO-1" }),
  listClaims: gets("/claims"),
  listDuplicates: gets("/duplicates"),
  listLookAlikes: gets("/look-alikes"),
  exportReferences: gets("/export"),
  checkSources: asks("/check", { source_ids: ["SO-1"] }),
  lookupTargets: asks("/lookup", { source_ids: ["SO-1"] }),
  reverseLookup: asks("/reverse", { target_ids: ["INV-1"] }),

  createReference: changes(
    "/references",
    () => ({ source_id: fresh("SO"), target_id: fresh("INV") }),
    { done: 201 },
  ),
  putReference: {
    ...changes(),
    make: async () =>
      at(`${TYPE}/reference`, {
        query: { source_id: await source() },
        json: { target_id: fresh("INV") },
      }),
  },
  editReference: {
    ...changes(),
    make: async () =>
      at(`${TYPE}/reference`, {
        query: { source_id: await source() },
        json: { target_id: fresh("INV") },
      }),
  },
  deleteReference: {
    ...changes(),
    make: async () => at(`${TYPE}/reference`, { query: { source_id: await source() } }),
    done: 204,
  },
  addReferences: changes("/add", () => ({
    references: references([[fresh("SO"), fresh("INV")]]),
  })),
  editReferences: changes("/edit", async () => ({
    references: references([[await source(), fresh("INV")]]),
  })),
  deleteReferences: changes("/delete", async () => ({ source_ids: [await source()] })),
  ignoreSources: changes("/ignore", () => ({ source_ids: [fresh("SO")] })),
  unignoreSources: changes("/unignore", () => ({ source_ids: [fresh("SO")] })),
  claimSources: changes("/claim", () => ({ source_ids: [fresh("SO")], owner: "w" })),
  settleClaims: changes("/settle", async () => ({
    claims: [{ ...(await claimed()), target_id: fresh("INV") }],
  })),
  releaseClaims: changes("/release", async () => ({ claims: [await claimed()] })),
  renewClaims: changes("/renew", async () => ({ claims: [await claimed()] })),

  importReferences: {
    ...changes(),
    make: () =>
      at(`${TYPE}/imports`, {
        body: `source_id,target_id\n${fresh("SO")},${fresh("INV")}\n`,
        headers: CSV,
      }),
  },
  getImport: {
    needs: "read",
    about: "place",
    make: async () => {
      const import_id = fresh("import");
      const body = `source_id,target_id\n${fresh("SO")},${fresh("INV")}\n`;
      bodyOf(await place.send("POST", "/imports", { body, headers: CSV, query: { import_id } }));
      return at(`${BASE}/imports/${import_id}`);
    },
  },
};

// ---- What is answered ----

const REFUSED = { 401: ["unauthenticated"], 403: ["forbidden"], 404: ["unknown-place", "missing"] };

function expectedStatus({ needs, about, done = 200 }, who) {
  if (needs === "nothing") return done;
  const [role, whose] = who.split(" of ");
  if (!ROLES[role]) return 401;
  const may = ROLES[role].includes(needs);
  if (whose !== "another" || about === undefined) return may ? done : 403;
  if (about === "name") return 403; // tells nothing of what there is
  return about === "place" || may ? 404 : 403;
}

test("the table has every operation", () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.deepEqual(Object.keys(TABLE).sort(), ids.sort());
});

const ASKERS = ["nobody", "wrong", "revoked", ...Object.keys(ROLES)];
for (const role of ["reader", "syncer", "admin"])
  ASKERS.push(`${role} of it`, `${role} of another`);

for (const { method, template, operation } of operations) {
  test(`${method} ${template} is answered to whom it is for`, async () => {
    const row = TABLE[operation.operationId];
    for (const who of ASKERS) {
      const { path, ...request } = await row.make();
      const answer = await shop.api.as(tokens[who]).send(method, path, request);
      const expected = expectedStatus(row, who);
      assert.equal(answer.status, expected, `${who}: ${answer.text}`);
      const slugs = REFUSED[expected];
      if (slugs) assert.ok(slugs.includes(answer.json.type.replace("/problems/", "")), who);
    }
  });
}

// The same words, but for the name that was asked for.
for (const { method, template, operation } of operations) {
  if (!template.includes("{integration}")) continue;
  test(`${method} ${template} of an integration of others is answered as one that is not there`, async () => {
    const { path, ...request } = await TABLE[operation.operationId].make();
    for (const role of ["reader", "syncer", "admin"]) {
      const api = shop.api.as(tokens[`${role} of another`]);
      const name = path.split("/")[4];
      const foreign = await api.send(method, path, request);
      const nobody = await api.send(method, path.replace(`/${name}`, "/nobody"), request);
      assert.deepEqual(
        [foreign.status, foreign.text.replaceAll(name, "nobody")],
        [nobody.status, nobody.text],
      );
    }
  });
}

// ---- What else holds ----

test("who is not let in is told how", async () => {
  for (const token of [undefined, tokens.wrong, tokens.revoked, "", "x", "xref_1_", "ü"]) {
    const headers = token === undefined ? {} : { Authorization: `Bearer ${encodeURI(token)}` };
    const refused = await shop.api.as(undefined).send("GET", `${BASE}/status`, { headers });
    problemOf(refused, 401, "unauthenticated");
    assert.equal(refused.headers["www-authenticate"], "Bearer");
  }
});

test("another scheme is no token", async () => {
  const headers = { Authorization: "Basic eDp5" };
  const ask = (path) => shop.api.as(undefined).send("GET", path, { headers });
  problemOf(await ask(`${BASE}/status`), 401, "unauthenticated");
  assert.equal((await ask("/healthz")).status, 200);
});

test("a wrong, a revoked and an unknown token are refused with the same words", async () => {
  const unknown = tokens.admin.replace(/^xref_\d+_/, "xref_9999_");
  const texts = [];
  for (const token of [tokens.wrong, tokens.revoked, unknown])
    texts.push((await shop.api.as(token).get(`${BASE}/status`)).text);
  assert.equal(new Set(texts).size, 1);
});

test("the pages of the console are there for everybody", async () => {
  const page = await exchange(shop.daemon.http, { path: "/" });
  assert.equal(page.status, 200);
  for (const [, asset] of page.text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)) {
    assert.equal((await exchange(shop.daemon.http, { path: asset })).status, 200, asset);
  }
});

test("the status tells whose token it is, and what it is for", async () => {
  const access = async (token) => bodyOf(await shop.api.as(token).get(`${BASE}/status`)).access;
  const days = await shop.daemon.makeToken("for days", "reader", {
    integrations: ["shop-erp"],
    days: 3,
  });
  const { expires_at, ...told } = await access(days);
  assert.deepEqual(told, { token: "for days", role: "reader", integrations: ["shop-erp"] });
  const left_ms = Date.parse(expires_at) - Date.now();
  assert.ok(left_ms > 2 * 86_400_000 && left_ms <= 3 * 86_400_000, expires_at);
  assert.deepEqual(await access(tokens.metrics), {
    token: "metrics of all",
    role: "metrics",
    integrations: [],
    expires_at: null,
  });
});

test("a limited token is told of its own integrations only", async () => {
  const api = shop.api.as(tokens["reader of another"]);
  const status = bodyOf(await api.get(`${BASE}/status`));
  assert.deepEqual([...new Set(status.places.map(({ integration }) => integration))], ["other"]);
  assert.deepEqual(
    [status.integrations, status.references, status.memory_bytes, status.ids_checked],
    [1, 0, 0, 0],
  );
  const { integrations } = bodyOf(await api.get(`${BASE}/integrations`));
  assert.deepEqual(
    integrations.map(({ name }) => name),
    ["other"],
  );
  assert.deepEqual(bodyOf(await api.get(`${BASE}/trash`)).trash, []);
  assert.deepEqual(bodyOf(await api.get(`${BASE}/imports`)).imports, []);
  const metrics = await api.get("/metrics");
  assert.ok(!metrics.text.includes("shop-erp"));
});

test("a key of idempotency is of one token", async () => {
  const headers = { "Idempotency-Key": fresh("key") };
  const json = { references: references([[fresh("SO"), "INV-key"]]) };
  const add = (token) => shop.api.as(token).send("POST", `${TYPE}/add`, { json, headers });
  assert.deepEqual(bodyOf(await add(tokens.admin)).totals, { done: 1 });
  assert.deepEqual(bodyOf(await add(tokens.admin)).totals, { done: 1 });
  assert.deepEqual(bodyOf(await add(tokens.syncer)).totals, { unchanged: 1 });
  problemOf(await add(tokens.reader), 403, "forbidden");
});

test("a token is good no more from the moment when it is revoked", async () => {
  const api = shop.api.as(await shop.daemon.makeToken("short", "reader"));
  bodyOf(await api.get(`${BASE}/status`));
  await shop.daemon.revokeToken("short");
  problemOf(await api.get(`${BASE}/status`), 401, "unauthenticated");
});
