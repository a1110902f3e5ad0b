import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf } from "./api.mjs";
import { RawConnection } from "./raw_connection.mjs";
import { useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop();
const MOST = 256; // as console/limits.h has them
const MOST_OF_ONE = 192;
const PROBES = 32;
const ELSEWHERE = "127.0.0.2";

const open = (count, from) =>
  Promise.all(Array.from({ length: count }, () => RawConnection.open(shop.daemon.http, from)));
const close = (connections) => connections.forEach((one) => one.destroy());
const BODY = JSON.stringify({ source_ids: ["SO-1"] });
const head = (path, ...headers) =>
  [`${headers.length ? "POST" : "GET"} ${path} HTTP/1.1`, `Host: ${shop.daemon.http}`, ...headers, "", ""].join("\r\n");
const answersHealth = async () => bodyOf(await shop.api.get("/healthz"));

// Connections with a request under way: its head was read, since its body is waited for, and half of
// that sent.
async function busy(count, from) {
  const connections = await open(count, from);
  const path = `${BASE}/integrations/none/types/orders/check`;
  for (const one of connections) {
    const length = `Content-Length: ${BODY.length}`;
    one.write(head(path, "Content-Type: application/json", length, "Expect: 100-continue"));
  }
  await Promise.all(connections.map((one) => one.awaitAnswers(1)));
  for (const one of connections) one.write(BODY.slice(0, 5));
  return connections;
}
const finish = (one) => one.write(BODY.slice(5));
const refused = async (limit) => (await shop.daemon.status())[`refused_${limit}`];

test("idle connections of one address shut out nobody", async () => {
  const idle = await open(MOST_OF_ONE + 100);
  await answersHealth();
  bodyOf(await shop.api.get(`${BASE}/status`));
  const closed = await Promise.race(idle.map((one) => one.closed.then(() => true)));
  assert.ok(closed, "the one that was idle for the longest gives way");
  assert.ok((await refused("http_connections_per_address")) > 0);
  close(idle);
});

test("idle connections of several addresses shut out nobody", async () => {
  const idle = (await Promise.all([open(150), open(150, ELSEWHERE)])).flat();
  await answersHealth();
  await eventually(() => refused("http_connections"), "a connection to give way");
  close(idle);
});

test("a connection with a request under way does not give way to idle ones", async () => {
  const [slow] = await busy(1);
  const idle = await open(MOST + 50);
  finish(slow);
  await slow.awaitAnswers(2);
  assert.deepEqual(slow.statuses, [100, 404]);
  close([slow, ...idle]);
});

test("connections that send half a request line shut out nobody", async () => {
  const halves = await open(MOST_OF_ONE + 100);
  for (const one of halves) one.write("GET /he");
  await answersHealth();
  bodyOf(await shop.api.get(`${BASE}/status`));
  close(halves);
});

test("when all have requests under way, health is told, and all else told to wait", async () => {
  const all = (await Promise.all([busy(MOST_OF_ONE), busy(MOST - MOST_OF_ONE, ELSEWHERE)])).flat();
  const silent = await open(PROBES + 20);
  await answersHealth();
  bodyOf(await shop.api.get("/readyz"));
  const [other] = await open(1);
  other.write(head(`${BASE}/status`));
  await other.awaitClose();
  assert.deepEqual(other.statuses, [429]);
  for (const one of all) finish(one);
  await Promise.all(all.map((one) => one.awaitAnswers(2)));
  bodyOf(await shop.api.get(`${BASE}/status`));
  close([...all, ...silent]);
});
