import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf } from "./api.mjs";
import { issue, makeCa, trusting } from "./certificates.mjs";
import { parseCsv, toCsv } from "./csv.mjs";
import { Daemon } from "./daemon.mjs";
import { exchange } from "./http_exchange.mjs";
import { RawConnection, converse } from "./raw_connection.mjs";
import { numbered, useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const ca = makeCa("ca");
const own = issue(ca, "own");
const options = [
  ...["--tls-cert", own.certificate, "--tls-key", own.key],
  ...["--tls-client-ca", ca.certificate],
];
const secure = {
  tls: trusting(ca, own),
  xref: ["--tls-ca", ca.certificate, "--tls-cert", own.certificate, "--tls-key", own.key],
};
const shop = useShop({ options, secure });
const address = () => shop.daemon.http.address;

// What a daemon writes arrives here a little later.
const logs = (daemon, line) => eventually(() => line.test(daemon.log), `${line} in the log`);

test("what is imported over TLS is exported again", async () => {
  const links = numbered(30_000);
  const place = await shop.newPlace();
  const headers = { "Content-Type": "text/csv" };
  const { json } = await place.send("POST", "/imports", { body: toCsv(links), headers });
  assert.deepEqual(json.totals, { done: links.length });
  assert.deepEqual(parseCsv((await place.get("/export", { format: "csv" })).text), links);
  assert.deepEqual(await place.links(), links);
});

test("many requests at a time are answered", async () => {
  const asked = Array.from({ length: 50 }, () => shop.api.get(`${BASE}/status`));
  for (const answer of await Promise.all(asked)) assert.equal(bodyOf(answer).role, "primary");
});

test("who presents no certificate is not let in, not even for the health", async () => {
  const stranger = { address: address(), tls: trusting(ca) };
  await assert.rejects(exchange(stranger, { path: "/healthz" }));
  await logs(shop.daemon, /http: 127\.0\.0\.1:\d+: TLS failed: peer did not return a cert/);
});

test("a client without TLS is told to speak it", async () => {
  const answer = await exchange(address(), { path: "/healthz" });
  assert.equal(answer.status, 400);
  assert.match(answer.json.detail, /this port speaks TLS only: use https/);
  await logs(shop.daemon, /this port speaks TLS only, and the client begins without it/);
});

test("half a handshake is closed at the deadline", async () => {
  const daemon = await Daemon.start([...options, "--frame-timeout-ms", "1000"], { secure });
  try {
    const raw = await RawConnection.open(daemon.http.address);
    raw.write("\x16\x03\x01\x02\x00\x01");
    await raw.awaitClose();
  } finally {
    assert.equal(await daemon.stop(), 0);
  }
});

test("a client with TLS at a port that speaks none finds out, and so does the log", async () => {
  const daemon = await Daemon.start();
  try {
    await assert.rejects(exchange({ address: daemon.http, tls: trusting(ca) }, { path: "/" }));
    await logs(daemon, /the client begins with TLS, and this port does not speak it/);
    const raw = await converse(daemon.http, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n");
    assert.match(raw.received, /use http:/);
  } finally {
    assert.equal(await daemon.stop(), 0);
  }
});
