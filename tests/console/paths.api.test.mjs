import assert from "node:assert/strict";
import test from "node:test";

import { BASE, problemOf } from "./api.mjs";
import { useShop } from "./shop.mjs";

const shop = useShop({ prepare });
let lsn;

async function prepare(shop) {
  await shop.newLinkedPlace("shop-erp");
  lsn = await shop.lsn();
}

const NO_ROUTES = [
  "/api",
  "/api/",
  "/api/v1",
  "/api/v1/",
  "/api/v2/status",
  "/api/v1/status/",
  "/api/v1//status",
  "/api/v1/nothing",
  "/etc/passwd",
  "/../../etc/passwd",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/..%2f..%2fetc%2fpasswd",
  "/api/v1/../../../etc/passwd",
  "/api/v1/%2e%2e/%2e%2e/etc/passwd",
  "/api/v1/integrations/..%2fshop-erp/nothing",
  "/healthz/x",
  "/metrics%00",
  "/%00",
  "/%de",
];
for (const path of NO_ROUTES) {
  test(`there is no route ${path}`, async () => {
    problemOf(await shop.api.get(path), 404, "not-found");
  });
}

for (const path of ["/imports/%de", "/integrations/a%00", "/integrations/%ff/types/x/references"]) {
  test(`${path} is refused in words that can be shown`, async () => {
    const { detail } = problemOf(await shop.api.get(BASE + path), 400, "bad-request");
    assert.match(detail, /in the path has control characters, or bytes that are not UTF-8$/);
  });
}
for (const name of ["or%der", "%00", ""]) {
  test(`a parameter of the name "${name}" is refused in words that can be shown`, async () => {
    const { detail } = problemOf(
      await shop.api.get(`${BASE}/integrations?${name}=x`),
      400,
      "bad-request",
    );
    assert.match(detail, /^a parameter has no name, or one with/);
  });
}

const UNKNOWN_PLACES = [
  "nobody/types/orders",
  "shop-erp/types/nothing",
  "shop%2Derp%2F/types/orders",
  "SHOP-ERP/types/orders",
  "%20/types/orders",
  "..%2f/types/orders",
  `${"x".repeat(65)}/types/orders`,
];
for (const unknown of UNKNOWN_PLACES) {
  test(`there is no place ${unknown.slice(0, 40)}`, async () => {
    const path = `${BASE}/integrations/${unknown}`;
    for (const route of [
      "/references",
      "/reference?source_id=SO-1",
      "/claims",
      "/export",
      "/duplicates",
    ]) {
      problemOf(await shop.api.get(path + route), 404, "unknown-place");
    }
    for (const route of ["/check", "/ignore"]) {
      problemOf(await shop.api.post(path + route, { source_ids: ["SO-1"] }), 404, "unknown-place");
    }
  });
}

test("nothing of all that changed anything", async () => {
  assert.equal(await shop.lsn(), lsn);
});
