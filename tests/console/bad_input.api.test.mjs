import assert from "node:assert/strict";
import test from "node:test";

import { BASE, problemOf } from "./api.mjs";
import { useShop } from "./shop.mjs";

const BATCH_MAX = 65_536;

const shop = useShop({ prepare });
let place;
let lsn;

async function prepare(shop) {
  place = await shop.newLinkedPlace("shop-erp");
  lsn = await shop.lsn();
}

const BAD_IDS = {
  "an empty ID": "",
  "an ID of 256 bytes": "x".repeat(256),
  "an ID of 256 bytes in 128 characters": "é".repeat(128),
  "a zero byte": "a\u0000b",
  "a line break": "a\nb",
  "a tab": "a\tb",
  "an escape": "a\u001bb",
  "a delete": "a\u007fb",
  "a C1 control character": "a\u0085b",
  "half a surrogate pair": "a\ud800b",
};
for (const [what, bad] of Object.entries(BAD_IDS)) {
  test(`${what} is refused, as a source ID and as a target ID`, async () => {
    const refusals = [
      place.post("/check", { source_ids: ["SO-1", bad] }),
      place.post("/reverse", { target_ids: ["SO-1", bad] }),
      place.post("/ignore", { source_ids: ["SO-2", bad] }),
      place.post("/add", {
        references: [
          { source_id: "SO-2", target_id: "INV-2" },
          { source_id: bad, target_id: "INV-3" },
        ],
      }),
      place.post("/add", {
        references: [
          { source_id: "SO-2", target_id: "INV-2" },
          { source_id: "SO-3", target_id: bad },
        ],
      }),
      place.post("/edit", {
        references: [
          { source_id: "SO-1", target_id: "INV-2" },
          { source_id: "SO-3", target_id: bad },
        ],
      }),
      place.post("/settle", {
        claims: [
          { source_id: "SO-2", token: "1", target_id: "INV-2" },
          { source_id: bad, token: "1", target_id: "INV-2" },
        ],
      }),
    ];
    for (const refused of await Promise.all(refusals)) {
      const { item } = refusedBody(refused);
      if (isText(bad)) assert.equal(item, 1, refused.text);
    }
    refusedBody(await place.post("/references", { source_id: bad, target_id: "INV-2" }));
    refusedBody(await place.post("/references", { source_id: "SO-2", target_id: bad }));
    if (!isText(bad)) return;
    problemOf(await place.reference("PUT", bad, { target_id: "INV-2" }), 400, "bad-request");
    problemOf(await place.reference("PUT", "SO-1", { target_id: bad }), 400, "bad-request");
    problemOf(await place.reference("DELETE", bad), 400, "bad-request");
    problemOf(await place.get("/history", { source_id: bad }), 400, "bad-request");
  });
}
// Half a pair of surrogates can be written in JSON only, and may be told to be no JSON.
const isText = (id) => !/[\ud800-\udfff]/.test(id);
function refusedBody(refused) {
  assert.equal(refused.status, 400, refused.text);
  return refused.json;
}

test("a source ID that is missing, or there twice, is refused", async () => {
  for (const query of ["", "?source_id", "?source_id=SO-1&source_id=SO-2"]) {
    const path = `${place.path}/reference${query}`;
    problemOf(await shop.api.send("DELETE", path), 400, "bad-request");
    problemOf(await shop.api.get(path), 400, "bad-request");
  }
});

test("a source ID that is no UTF-8, or half encoded, is refused", async () => {
  for (const id of ["%ff", "%c3", "%ed%a0%80", "%c0%80", "%", "%2", "%zz"]) {
    const path = `${place.path}/reference?source_id=${id}`;
    problemOf(await shop.api.send("DELETE", path), 400, "bad-request");
  }
});

test("a batch of more than 65,536 items is refused as a whole", async () => {
  const many = (item) => Array.from({ length: BATCH_MAX + 1 }, (_, i) => item(String(i)));
  const batches = {
    "/check": { source_ids: many((i) => i) },
    "/lookup": { source_ids: many((i) => i) },
    "/reverse": { target_ids: many((i) => i) },
    "/add": { references: many((i) => ({ source_id: i, target_id: i })) },
    "/edit": { references: many((i) => ({ source_id: i, target_id: i })) },
    "/delete": { source_ids: many((i) => i) },
    "/ignore": { source_ids: many((i) => i) },
    "/claim": { source_ids: many((i) => i), owner: "w" },
    "/release": { claims: many((i) => ({ source_id: i, token: "1" })) },
  };
  for (const [route, json] of Object.entries(batches)) {
    problemOf(await place.post(route, json), 413, "too-large");
  }
});

test("an empty batch is refused", async () => {
  problemOf(await place.post("/check", { source_ids: [] }), 400, "bad-request");
  problemOf(await place.post("/add", { references: [] }), 400, "bad-request");
});

test("a lookup at a time takes 1,000 source IDs", async () => {
  const source_ids = Array.from({ length: 1_001 }, (_, i) => `SO-${i}`);
  const refused = await place.post("/lookup", { source_ids, at: "2026-11-20T08:00:00Z" });
  assert.ok([400, 413].includes(refused.status), refused.text);
});

// ---- Values ----

const BAD_VALUES = [
  ["/integrations", "POST", { name: "a b", source_platform: "S", target_platform: "T" }],
  ["/integrations", "POST", { name: "", source_platform: "S", target_platform: "T" }],
  ["/integrations", "POST", { name: ".x", source_platform: "S", target_platform: "T" }],
  ["/integrations", "POST", { name: "x".repeat(65), source_platform: "S", target_platform: "T" }],
  ["/integrations", "POST", { name: "ok", source_platform: "", target_platform: "T" }],
  ["/integrations", "POST", { name: "ok", source_platform: "S", target_platform: "x".repeat(129) }],
  ["/integrations", "POST", { name: "ok", source_platform: "S\n", target_platform: "T" }],
  ["/integrations/shop-erp/types", "POST", { name: "a/b" }],
  ["@/claim", "POST", { source_ids: ["SO-2"], owner: "" }],
  ["@/claim", "POST", { source_ids: ["SO-2"], owner: "x".repeat(65) }],
  ["@/claim", "POST", { source_ids: ["SO-2"], owner: "w", lease_seconds: 0 }],
  ["@/claim", "POST", { source_ids: ["SO-2"], owner: "w", lease_seconds: 86_401 }],
  ["@/claim", "POST", { source_ids: ["SO-2"], owner: "w", lease_seconds: 1.5 }],
  ["@/claim", "POST", { source_ids: ["SO-2"], owner: "w", lease_seconds: "300" }],
  ["@/add", "POST", { references: [{ source_id: "SO-2", target_id: "INV-2" }], origin: "magic" }],
  ["@/add", "POST", { references: [{ source_id: "SO-2", target_id: "INV-2" }], rehearse: "no" }],
  ["@/add", "POST", { references: [{ source_id: "SO-2", target_id: "INV-2", note: "x" }] }],
  ["@/release", "POST", { claims: [{ source_id: "SO-2", token: 1 }] }],
  ["@/release", "POST", { claims: [{ source_id: "SO-2", token: "-1" }] }],
  ["@/release", "POST", { claims: [{ source_id: "SO-2", token: "1e3" }] }],
  ["@/release", "POST", { claims: [{ source_id: "SO-2", token: "18446744073709551616" }] }],
  ["@/lookup", "POST", { source_ids: ["SO-1"], at: "yesterday" }],
  ["@/lookup", "POST", { source_ids: ["SO-1"], at: "2026-02-30T00:00:00Z" }],
  ["@/reverse", "POST", { target_ids: ["INV-1"], sources_max: 0 }],
  ["@/purge", "POST", { token: "1", references: -1 }],
  ["@/purge", "POST", { token: "1", references: "1" }],
];
for (const [route, method, json] of BAD_VALUES) {
  test(`${route} refuses ${JSON.stringify(json).slice(0, 90)}`, async () => {
    const path = route.startsWith("@") ? place.path + route.slice(1) : BASE + route;
    problemOf(await shop.api.send(method, path, { json }), 400, "bad-request");
  });
}

test("an import of another content type is refused", async () => {
  for (const type of ["application/json", "text/plain", "application/octet-stream"]) {
    const request = {
      body: "source_id,target_id\nSO-2,INV-2\n",
      headers: { "Content-Type": type },
    };
    problemOf(await place.send("POST", "/imports", request), 415, "unsupported-media-type");
  }
});

test("parameters of an import that cannot be are refused", async () => {
  const headers = { "Content-Type": "text/csv" };
  const body = "source_id,target_id\nSO-2,INV-2\n";
  for (const query of [
    { dry_run: "maybe" },
    { overwrite: "2" },
    { import_id: "a/b" },
    { import_id: "x".repeat(65) },
  ]) {
    problemOf(await place.send("POST", "/imports", { body, headers, query }), 400, "bad-request");
  }
});

test("nothing of all that changed anything", async () => {
  assert.equal(await shop.lsn(), lsn);
});
