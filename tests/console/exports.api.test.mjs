import assert from "node:assert/strict";
import test from "node:test";

import { parseCsv, parseNdjson, toCsv, toNdjson } from "./csv.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
// In the order of their bytes.
const ODD_LINKS = [
  [" space before", "and after "],
  [`"`, `""`],
  ["'=1+1", "=HYPERLINK(1)"],
  ["<script>alert(1)</script>", "</td>"],
  ["a,b", `say "c", d`],
  ["gid://shop/Order/1", "a/b"],
  ["\u05d0\u05d1", "\u202eabc"],
  ["👩‍🚀", "\u00e9"],
];
const FORMATS = {
  csv: { type: "text/csv", write: toCsv, read: parseCsv },
  ndjson: { type: "application/x-ndjson", write: toNdjson, read: parseNdjson },
};

for (const [format, { type, write, read }] of Object.entries(FORMATS)) {
  test(`what is imported as ${format} is exported again`, async () => {
    const links = [...ODD_LINKS, ...numbered(12_000)].sort(byBytes);
    const place = await shop.newPlace();
    const headers = { "Content-Type": type };
    const { json } = await place.send("POST", "/imports", { body: write(links), headers });
    assert.deepEqual(json.totals, { done: links.length });
    const exported = await place.get("/export", { format });
    assert.equal(exported.mediaType, type);
    assert.deepEqual(read(exported.text), links);
    assert.deepEqual(await place.links(), links);
  });

  test(`an export as ${format} that is imported is exported again byte for byte`, async () => {
    const [from, to] = [await shop.newPlace(), await shop.newPlace()];
    await from.add(ODD_LINKS);
    const { text } = await from.get("/export", { format });
    await to.send("POST", "/imports", { body: text, headers: { "Content-Type": type } });
    assert.equal((await to.get("/export", { format })).text, text);
  });
}

test("an export is a file with the name of its place", async () => {
  const place = await shop.newPlace("named");
  const { headers } = await place.get("/export");
  assert.match(headers["content-disposition"], /named.*orders.*\.csv/);
});

test("an export of nothing has a header", async () => {
  const place = await shop.newPlace();
  assert.equal((await place.get("/export", { format: "csv" })).text.trim(), "source_id,target_id");
  assert.equal((await place.get("/export", { format: "ndjson" })).text, "");
});

test("an export in an unknown format is refused", async () => {
  const place = await shop.newPlace();
  assert.equal((await place.get("/export", { format: "xlsx" })).status, 400);
});

function byBytes([a], [b]) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
