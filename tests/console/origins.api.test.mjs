// Which pages and names the server takes for its own.

import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf, problemOf } from "./api.mjs";
import { useShop } from "./shop.mjs";

const shop = useShop({ options: ["--http-name", "xref.example"] });
const ignore = async (headers) => {
  const place = await shop.newPlace();
  return place.post("/ignore", { source_ids: ["SO-1"] }, headers);
};

test("changes from the server's own pages are taken", async () => {
  const Origin = `http://${shop.daemon.http}`;
  bodyOf(await ignore({ Origin, "Sec-Fetch-Site": "same-origin" }));
});

test("changes that a person types in, or a program sends, are taken", async () => {
  bodyOf(await ignore({ "Sec-Fetch-Site": "none" }));
  bodyOf(await ignore({}));
});

test("changes from another port of the same machine are refused", async () => {
  problemOf(await ignore({ Origin: "http://127.0.0.1:1" }), 403, "cross-origin");
  problemOf(
    await ignore({ Origin: `http://localhost:${shop.daemon.http.split(":")[1]}` }),
    403,
    "cross-origin",
  );
});

test("questions are answered, and other pages cannot read the answer", async () => {
  const headers = { Origin: "http://evil.example", "Sec-Fetch-Site": "cross-site" };
  const answer = await shop.api.send("GET", `${BASE}/integrations`, { headers });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers["access-control-allow-origin"], undefined);
});

test("addresses, localhost and configured names are the server's own", async () => {
  const hosts = [
    "localhost",
    "localhost:7412",
    "127.0.0.1",
    "10.1.2.3:80",
    "[::1]:7412",
    "xref.example",
    "xref.example:443",
  ];
  for (const Host of hosts) {
    const answer = await shop.api.send("GET", `${BASE}/integrations`, { headers: { Host } });
    assert.equal(answer.status, 200, Host);
  }
});
