import assert from "node:assert/strict";
import test from "node:test";
import { isDeepStrictEqual } from "node:util";

import { Api, BASE, bodyOf } from "./api.mjs";
import { Daemon } from "./daemon.mjs";
import { description } from "./description.mjs";
import { useShop } from "./shop.mjs";

const shop = useShop();

test("a daemon that is ready lives and is ready", async () => {
  assert.deepEqual(bodyOf(await shop.api.get("/healthz")), { status: "ok" });
  assert.deepEqual(bodyOf(await shop.api.get("/readyz")), { status: "ready" });
});

test("the served description is the one in the repository", async () => {
  const served = bodyOf(await shop.api.get(`${BASE}/openapi.json`));
  assert.ok(isDeepStrictEqual(served, description), "another one is served");
});

test("answers are not sniffed, framed, cached or shown to other origins", async () => {
  const { headers } = await shop.api.get(`${BASE}/status`);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["cache-control"], "no-store");
  assert.equal(headers["access-control-allow-origin"], undefined);
});

test("a standby answers questions, and tells where changes go", async () => {
  const standby = await Daemon.start(["--standby-of", shop.daemon.address, "--name", "b"]);
  try {
    const api = new Api(standby.http);
    assert.equal(bodyOf(await api.get(`${BASE}/status`)).role, "standby");
    const integration = { name: "x", source_platform: "S", target_platform: "T" };
    const refused = await api.post(`${BASE}/integrations`, integration);
    assert.equal(refused.status, 503);
    assert.deepEqual(
      [refused.json.type, refused.json.primary],
      ["/problems/not-primary", shop.daemon.address],
    );
  } finally {
    await standby.stop();
  }
});

test("SIGTERM ends the daemon cleanly, also while a client is connected", async () => {
  const daemon = await Daemon.start();
  const held = new Api(daemon.http).begin("POST", `${BASE}/integrations`, {
    headers: { "Content-Type": "application/json" },
  });
  held.request.write('{"name":');
  assert.equal(await daemon.stop(), 0);
});
