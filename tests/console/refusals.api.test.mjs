// What every operation refuses, as the description has them.

import assert from "node:assert/strict";
import test from "node:test";

import { problemOf } from "./api.mjs";
import { description, exampleBody, examplePath, operations } from "./description.mjs";
import { useShop } from "./shop.mjs";

const BODY_BYTES_MAX = 8 << 20;
const JSON_TYPE = { "Content-Type": "application/json" };
const NO_JSON = [
  "{",
  "\u0000",
  '{"a":1}}',
  "{'a':1}",
  Buffer.from([0xff, 0xfe]),
  "[".repeat(100_000),
];

const shop = useShop({ prepare });
let lsn;

// Makes the place of the examples.
async function prepare(shop) {
  await shop.newLinkedPlace("shop-erp");
  lsn = await shop.lsn();
}

const withJsonBody = operations.filter((one) => exampleBody(one));
const writes = operations.filter(({ method }) => method !== "GET");
const namesActor = ({ operation }) =>
  operation.parameters?.some(({ $ref }) => $ref?.endsWith("/XrefActor"));
const titleOf = ({ method, template }) => `${method} ${template}`;
const sendTo = (one, request) => shop.api.send(one.method, examplePath(one), request);

for (const one of withJsonBody) {
  const { schema, example } = exampleBody(one);

  test(`${titleOf(one)} refuses what is not JSON`, async () => {
    for (const body of NO_JSON) {
      problemOf(await sendTo(one, { body, headers: JSON_TYPE }), 400, "invalid-json");
    }
  });

  test(`${titleOf(one)} refuses JSON that is no object`, async () => {
    for (const json of [null, 1, "text", [], [example]]) {
      assert.equal((await sendTo(one, { json })).status, 400, JSON.stringify(json));
    }
  });

  test(`${titleOf(one)} refuses unknown fields`, async () => {
    problemOf(await sendTo(one, { json: { ...example, unheard_of: 1 } }), 400, "bad-request");
  });

  test(`${titleOf(one)} refuses fields of other types, and missing ones`, async () => {
    for (const name of Object.keys(schema.properties)) {
      for (const wrong of [null, { x: 1 }, [[]], -1.5]) {
        const json = { ...example, [name]: wrong };
        problemOf(await sendTo(one, { json }), 400, "bad-request");
      }
    }
    for (const name of schema.required ?? []) {
      const { [name]: _, ...json } = example;
      problemOf(await sendTo(one, { json }), 400, "bad-request");
    }
  });

  test(`${titleOf(one)} refuses other content types`, async () => {
    const body = JSON.stringify(example);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
      const refused = await sendTo(one, { body, headers: { "Content-Type": type } });
      problemOf(refused, 415, "unsupported-media-type");
    }
    problemOf(await sendTo(one, { body }), 415, "unsupported-media-type");
  });

  test(`${titleOf(one)} refuses a body of more than 8 MiB`, async () => {
    const body = JSON.stringify({ ...example, padding: "x".repeat(BODY_BYTES_MAX) });
    problemOf(await sendTo(one, { body, headers: JSON_TYPE }), 413, "too-large");
    const { request, answer } = shop.api.begin(one.method, examplePath(one), {
      headers: JSON_TYPE,
    });
    request.end(body);
    problemOf(await answer, 413, "too-large");
  });
}

for (const one of writes) {
  test(`${titleOf(one)} refuses pages of other origins`, async () => {
    const json = exampleBody(one)?.example;
    const foreign = [
      { Origin: "http://evil.example" },
      { Origin: "null" },
      { Origin: "https://127.0.0.1:1" },
      { "Sec-Fetch-Site": "cross-site" },
    ];
    for (const headers of foreign)
      problemOf(await sendTo(one, { json, headers }), 403, "cross-origin");
  });
}

for (const one of operations.filter(namesActor)) {
  test(`${titleOf(one)} refuses an actor that cannot be`, async () => {
    const json = exampleBody(one)?.example;
    for (const actor of ["%00", "a%0Ab", "x".repeat(65), "%ff", "%zz"]) {
      problemOf(await sendTo(one, { json, headers: { "Xref-Actor": actor } }), 400, "bad-request");
    }
  });
}

for (const one of operations) {
  test(`${titleOf(one)} refuses another server's name`, async () => {
    const json = exampleBody(one)?.example;
    for (const Host of [
      "evil.example",
      "evil.example:7412",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
    ]) {
      problemOf(await sendTo(one, { json, headers: { Host } }), 421, "misdirected");
    }
  });

  test(`${titleOf(one)} refuses parameters that it does not know`, async () => {
    const known = examplePath(one);
    const path = `${known}${known.includes("?") ? "&" : "?"}unheard_of=1`;
    problemOf(
      await shop.api.send(one.method, path, { json: exampleBody(one)?.example }),
      400,
      "bad-request",
    );
  });
}

for (const [template, item] of Object.entries(description.paths)) {
  const taken = Object.keys(item).map((method) => method.toUpperCase());
  const others = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"].filter(
    (m) => !taken.includes(m),
  );

  test(`${template} refuses ${others.join(", ")}`, async () => {
    const [path] = examplePath({ template, operation: Object.values(item)[0] }).split("?");
    for (const method of others) {
      const refused = await shop.api.send(method, path);
      problemOf(refused, 405, "method-not-allowed");
      const allowed = refused.headers.allow.split(/, */).filter((name) => name !== "HEAD");
      assert.deepEqual(allowed.sort(), [...taken].sort());
    }
  });
}

test("nothing of all that changed anything", async () => {
  assert.equal(await shop.lsn(), lsn);
});
