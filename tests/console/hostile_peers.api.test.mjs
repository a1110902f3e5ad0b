import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf } from "./api.mjs";
import { toCsv } from "./csv.mjs";
import { RawConnection, converse } from "./raw_connection.mjs";
import { useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop({ options: ["--frame-timeout-ms", "1000"], prepare });
let path;
let lsn;

async function prepare(shop) {
  path = `${(await shop.newPlace("shop-erp")).path}/ignore`;
  lsn = await shop.lsn();
}

const open = () => RawConnection.open(shop.daemon.http);
const head = (method, path, ...headers) =>
  [`${method} ${path} HTTP/1.1`, `Host: ${shop.daemon.http}`, ...headers, "", ""].join("\r\n");
const post = (...headers) => head("POST", path, "Content-Type: application/json", ...headers);
const answersOthers = async () => bodyOf(await shop.api.get(`${BASE}/status`));

// ---- Slow ones ----

const HALVES = {
  "half a request line": () => "GET /healt",
  "half a header": () => `GET /healthz HTTP/1.1\r\nHost: ${shop.daemon.http}\r\nX-Half`,
  "a header without its body": () => post("Content-Length: 100"),
  "half a body": () => post("Content-Length: 100") + '{"source_ids":["SO',
  "half a chunk": () => post("Transfer-Encoding: chunked") + '20\r\n{"source_ids":',
};
for (const [what, text] of Object.entries(HALVES)) {
  test(`a client that sends ${what} and no more is disconnected, and holds up nobody`, async () => {
    const slow = await open();
    slow.write(text());
    await answersOthers();
    await slow.awaitClose();
    assert.ok(
      slow.statuses.every((status) => [400, 408].includes(status)),
      slow.received,
    );
  });

  test(`a client that goes after ${what} leaves nothing behind`, async () => {
    const gone = await open();
    gone.write(text());
    gone.destroy();
    await answersOthers();
  });
}

// A byte now and then, for as long as the server takes it.
async function drip(start) {
  const slow = await open();
  slow.write(start);
  const dripping = setInterval(() => slow.write(" "), 200);
  try {
    await slow.awaitClose();
  } finally {
    clearInterval(dripping);
    slow.destroy();
  }
}

test("a client that sends its header byte by byte is disconnected", async () => {
  await drip("GET /healthz HTTP/1.1\r\nX-Slow: ");
});

test("a client that sends its body byte by byte is disconnected", async () => {
  await drip(post("Content-Length: 100000"));
});

test("many slow clients hold up nobody", async () => {
  const slow = await Promise.all(Array.from({ length: 50 }, open));
  for (const one of slow) one.write("GET /");
  await answersOthers();
  await Promise.all(slow.map((one) => one.awaitClose()));
});

test("a client that does not read its export holds up nobody", async () => {
  const links = Array.from({ length: 60_000 }, (_, i) => [
    `SO-${i}`.padEnd(255),
    `${i}`.padEnd(255),
  ]);
  const headers = { "Content-Type": "text/csv" };
  const place = await shop.newPlace();
  bodyOf(await place.send("POST", "/imports", { body: toCsv(links), headers }));
  lsn = await shop.lsn();
  const deaf = await open();
  deaf.pause();
  deaf.write(head("GET", `${place.path}/export`));
  await answersOthers();
  assert.equal(await place.targetOf(links[0][0]), links[0][1]);
  deaf.destroy();
});

// ---- Garbage ----

const posted = (headers, body) =>
  ["POST /api/v1/integrations HTTP/1.1", "Host: localhost", ...headers, "", body].join("\r\n");
const CHUNKED = "Transfer-Encoding: chunked";
const GARBAGE = {
  "random bytes": "\x00\x01\x02\xff\xfe\r\n\r\n",
  "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
  "the binary protocol": "\x09\x00\x00\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\r\n\r\n",
  "another protocol": "EHLO example\r\n\r\n",
  "HTTP/0.9": "GET /\r\n\r\n",
  "an HTTP/2 preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a space in the target": "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
  "a header without a colon": "GET /healthz HTTP/1.1\r\nHost localhost\r\n\r\n",
  "a zero byte in a header": "GET /healthz HTTP/1.1\r\nHost: local\x00host\r\n\r\n",
  "a bad chunk size": posted([CHUNKED, "Content-Type: application/json"], "xyz\r\n{}\r\n0\r\n\r\n"),
  "a negative length": posted(["Content-Length: -1"], ""),
  "a length that is no number": posted(["Content-Length: 1x"], "{"),
  "two lengths": posted(["Content-Length: 2", "Content-Length: 40"], "{}"),
  "a length and chunks": posted(["Content-Length: 5", CHUNKED], "0\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
};
for (const [what, text] of Object.entries(GARBAGE)) {
  test(`${what} is refused once, and the connection closed`, async () => {
    const { statuses, received } = await converse(shop.daemon.http, text);
    assert.ok(statuses.length <= 1, received);
    assert.ok(
      statuses.every((status) => status >= 400 && status < 500),
      received,
    );
    await answersOthers();
  });
}

test("a request without a host is refused", async () => {
  const { statuses } = await converse(
    shop.daemon.http,
    "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n",
  );
  assert.ok([400, 421].includes(statuses[0]), `${statuses}`);
});

const HUGE = {
  "a huge header": () => head("GET", "/healthz", `X-Huge: ${"x".repeat(1 << 20)}`),
  "very many headers": () =>
    head("GET", "/healthz", ...Array.from({ length: 20_000 }, (_, i) => `X-${i}: x`)),
  "a huge target": () => head("GET", `/healthz?${"x".repeat(1 << 20)}`),
};
for (const [what, text] of Object.entries(HUGE)) {
  test(`${what} is refused`, async () => {
    const { statuses } = await converse(shop.daemon.http, text());
    assert.ok(
      statuses.length <= 1 && statuses.every((status) => [400, 414, 431].includes(status)),
      `${statuses}`,
    );
    await answersOthers();
  });
}

// ---- Unusual, but right ----

test("requests that are sent together are answered in their order", async () => {
  const raw = await open();
  raw.write(head("GET", "/healthz") + head("GET", "/nothing") + head("GET", "/readyz"));
  await raw.awaitAnswers(3);
  assert.deepEqual(raw.statuses, [200, 404, 200]);
  raw.destroy();
});

test("a refused body does not become the next request", async () => {
  const raw = await open();
  const smuggled = head("GET", "/readyz");
  raw.write(
    head("POST", path, "Content-Type: text/plain", `Content-Length: ${smuggled.length}`) + smuggled,
  );
  raw.write(head("GET", "/nothing", "Connection: close"));
  await raw.awaitClose();
  assert.ok(["415", "415,404"].includes(`${raw.statuses}`), raw.received);
});

test("HTTP/1.0 and a client that ends its side first are answered", async () => {
  const raw = await open();
  raw.write(`GET /healthz HTTP/1.0\r\nHost: ${shop.daemon.http}\r\n\r\n`);
  raw.end();
  await raw.awaitClose();
  assert.deepEqual(raw.statuses, [200]);
});

test("a client that expects to be told so sends its body then", async () => {
  const raw = await open();
  raw.write(post("Content-Length: 2", "Expect: 100-continue"));
  await raw.awaitAnswers(1);
  assert.deepEqual(raw.statuses, [100]);
  raw.write("{}");
  await raw.awaitAnswers(2);
  assert.equal(raw.statuses[1], 400);
  raw.destroy();
});

test("HEAD is answered as GET, without a body", async () => {
  const raw = await open();
  raw.write(head("HEAD", "/healthz", "Connection: close"));
  await raw.awaitClose();
  assert.deepEqual(raw.statuses, [200]);
  assert.ok(raw.received.endsWith("\r\n\r\n"), raw.received);
});

test("clients that go while they are answered leave nothing behind", async () => {
  const clients = await Promise.all(Array.from({ length: 50 }, open));
  for (const client of clients) {
    client.write(head("GET", "/metrics").repeat(20));
    client.destroy();
  }
  await eventually(answersOthers, "an answer");
});

test("nothing of all that changed anything", async () => {
  assert.equal(await shop.lsn(), lsn);
});
