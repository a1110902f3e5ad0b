import assert from "node:assert/strict";
import test from "node:test";

import { BASE, bodyOf, problemOf } from "./api.mjs";
import { toCsv, toNdjson } from "./csv.mjs";
import { numbered, useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop();
const CSV = { "Content-Type": "text/csv" };
const NDJSON = { "Content-Type": "application/x-ndjson" };

const upload = (place, body, query, headers = CSV) =>
  place.send("POST", "/imports", { body, query, headers });
const importCsv = async (place, links, query) => bodyOf(await upload(place, toCsv(links), query));
const progressOf = async (id) => bodyOf(await shop.api.get(`${BASE}/imports/${id}`));

// An import of which the beginning has arrived, and the rest not yet.
async function halfSent(place, import_id, links) {
  const running = place.begin("POST", "/imports", { query: { import_id }, headers: CSV });
  running.request.write(toCsv(links));
  const hasBegun = async () => {
    const { status, json } = await shop.api.get(`${BASE}/imports/${import_id}`);
    return status === 200 && json.state === "running";
  };
  await eventually(hasBegun, "the import to begin");
  return running;
}
async function finish({ request, answer }, rest = "") {
  request.end(rest);
  return bodyOf(await answer);
}

test("the rows of a CSV file are linked", async () => {
  const place = await shop.newPlace();
  const done = await importCsv(place, numbered(12_000));
  assert.deepEqual([done.state, done.rows, done.totals], ["done", 12_000, { done: 12_000 }]);
  assert.deepEqual(await place.links(), numbered(12_000));
});

test("the rows of an NDJSON file are linked", async () => {
  const place = await shop.newPlace();
  const { totals } = bodyOf(await upload(place, toNdjson(numbered(100)), {}, NDJSON));
  assert.deepEqual(totals, { done: 100 });
  assert.deepEqual(await place.links(), numbered(100));
});

test("what is imported says so, and by whom", async () => {
  const place = await shop.newPlace();
  bodyOf(await upload(place, toCsv([["SO-1", "INV-1"]]), {}, { ...CSV, "Xref-Actor": "ada" }));
  const { origin, created_by } = bodyOf(await place.reference("GET", "SO-1"));
  assert.deepEqual([origin, created_by], ["import", "ada"]);
});

test("a body that comes in chunks is one file", async () => {
  const place = await shop.newPlace();
  const { request, answer } = place.begin("POST", "/imports", { headers: CSV });
  const csv = toCsv(numbered(1_000));
  for (let at = 0; at < csv.length; at += 777) request.write(csv.slice(at, at + 777));
  const { totals, bytes, bytes_total } = await finish({ request, answer });
  assert.deepEqual([totals, bytes, bytes_total], [{ done: 1_000 }, csv.length, null]);
  assert.deepEqual(await place.links(), numbered(1_000));
});

test("progress shows while the body is half sent", async () => {
  const place = await shop.newPlace();
  const running = await halfSent(place, "half-sent", numbered(20_000));
  const decided = async () => (await progressOf("half-sent")).rows > 0;
  await eventually(decided, "rows to be decided");
  assert.equal((await progressOf("half-sent")).bytes_total, null);
  const done = await finish(running, "SO-last,INV-last\n");
  assert.deepEqual([done.rows, done.totals], [20_001, { done: 20_001 }]);
  assert.deepEqual(await progressOf("half-sent"), done);
});

test("a body of known length tells how long it is", async () => {
  const place = await shop.newPlace();
  const body = toCsv(numbered(10));
  const { bytes, bytes_total } = bodyOf(await upload(place, body));
  assert.deepEqual([bytes, bytes_total], [body.length, body.length]);
});

test("the third import at a time is refused, and can be tried again", async () => {
  const place = await shop.newPlace();
  const both = [
    await halfSent(place, "one", numbered(1)),
    await halfSent(place, "two", numbered(1, 1)),
  ];
  problemOf(await upload(place, toCsv(numbered(1, 2))), 429, "overloaded");
  for (const running of both) await finish(running);
  await importCsv(place, numbered(1, 2));
  assert.deepEqual(await place.links(), numbered(3));
});

test("an import that breaks off has failed, and can be sent again", async () => {
  const place = await shop.newPlace();
  const { request } = await halfSent(place, "broken", numbered(20_000));
  request.destroy();
  const failed = async () => (await progressOf("broken")).state === "failed";
  await eventually(failed, "the import to fail");
  assert.notEqual((await progressOf("broken")).error, null);
  const { totals } = await importCsv(place, numbered(20_000));
  assert.equal((totals.done ?? 0) + (totals.unchanged ?? 0), 20_000);
  assert.equal((await place.links()).length, 20_000);
});

test("an import ID is good once", async () => {
  const place = await shop.newPlace();
  await importCsv(place, numbered(1), { import_id: "once" });
  problemOf(await upload(place, toCsv(numbered(2)), { import_id: "once" }), 409, "exists");
  assert.deepEqual(await place.links(), numbered(1));
});

test("imports are listed", async () => {
  const place = await shop.newPlace();
  const done = await importCsv(place, numbered(2));
  const listed = bodyOf(await shop.api.get(`${BASE}/imports`)).imports;
  assert.deepEqual(
    listed.find(({ id }) => id === done.id),
    done,
  );
});

test("an import that is not known is told", async () => {
  problemOf(await shop.api.get(`${BASE}/imports/nobody`), 404, "missing");
});

test("a dry run tells what would happen, and changes nothing", async () => {
  const place = await shop.newPlace();
  await place.add([["SO-00000", "INV-other"]]);
  const lsn = await shop.lsn();
  const rehearsed = await importCsv(place, numbered(3), { dry_run: true });
  assert.deepEqual([rehearsed.dry_run, rehearsed.totals], [true, { done: 2, conflict: 1 }]);
  assert.equal(await shop.lsn(), lsn);
});

test("a conflict is told with its line, and changes nothing", async () => {
  const place = await shop.newPlace();
  await place.add([["SO-00001", "INV-other"]]);
  const { totals, problems } = await importCsv(place, numbered(3));
  assert.deepEqual(totals, { done: 2, conflict: 1 });
  const [{ line, source_id, target_id, verdict }] = problems;
  assert.deepEqual([line, source_id, target_id, verdict], [3, "SO-00001", "INV-00001", "conflict"]);
  assert.equal(await place.targetOf("SO-00001"), "INV-other");
});

test("an overwrite takes the file's targets", async () => {
  const place = await shop.newPlace();
  await place.add([["SO-00001", "INV-other"]]);
  const { totals } = await importCsv(place, numbered(3), { overwrite: true });
  assert.deepEqual(totals, { done: 3 });
  assert.deepEqual(await place.links(), numbered(3));
});

test("of rows with one source ID the first wins, however far apart", async () => {
  for (const overwrite of [false, true]) {
    const place = await shop.newPlace();
    const links = [...numbered(12_000), ["SO-00000", "INV-late"]];
    await importCsv(place, links, { overwrite });
    assert.equal(await place.targetOf("SO-00000"), "INV-00000", `overwrite=${overwrite}`);
  }
});

test("bad rows are told by line, and the others taken", async () => {
  const place = await shop.newPlace();
  const rows = [
    "source_id,target_id",
    "SO-1,INV-1",
    ",INV-2",
    `SO-3,${"x".repeat(256)}`,
    "SO-4\u0007,INV-4",
    "SO-5",
    "SO-6,INV-6",
  ];
  const { rows: decided, totals, problems } = bodyOf(await upload(place, rows.join("\n")));
  assert.deepEqual([decided, totals], [6, { done: 2, bad_row: 4 }]);
  assert.deepEqual(
    problems.map(({ line }) => line),
    [3, 4, 5, 6],
  );
  assert.ok(problems.every(({ verdict, detail }) => verdict === "bad_row" && detail !== ""));
  assert.deepEqual(await place.links(), [
    ["SO-1", "INV-1"],
    ["SO-6", "INV-6"],
  ]);
});

test("bad lines of NDJSON are told", async () => {
  const place = await shop.newPlace();
  const lines = [
    '{"source_id":"SO-1","target_id":"INV-1"}',
    '{"source_id":"SO-2"}',
    "not JSON",
    '{"source_id":"SO-4","target_id":4,"and":[{}]}',
    '{"source_id":"SO-5","target_id":"INV-5","and":{"more":1}}',
  ];
  const { totals, problems } = bodyOf(await upload(place, lines.join("\n"), {}, NDJSON));
  assert.deepEqual(
    problems.map(({ line, verdict }) => [line, verdict]),
    [2, 3, 4].map((line) => [line, "bad_row"]),
  );
  assert.deepEqual(totals, { done: 2, bad_row: 3 });
});

test("of many problems the first 1,000 are told, and the others counted", async () => {
  const place = await shop.newPlace();
  const rows = Array.from({ length: 1_300 }, () => ",INV");
  const told = bodyOf(await upload(place, ["source_id,target_id", ...rows].join("\n")));
  assert.equal(told.problems.length, 1_000);
  assert.equal(told.problems_left_out, 300);
  assert.deepEqual(told.totals, { bad_row: 1_300 });
});

test("columns are found by name, in whatever order, with a byte order mark and CRLF", async () => {
  const place = await shop.newPlace();
  const body = "\ufefftarget_id,note,source_id\r\nINV-1,x,SO-1\r\n";
  assert.deepEqual(bodyOf(await upload(place, body)).totals, { done: 1 });
  assert.deepEqual(await place.links(), [["SO-1", "INV-1"]]);
});

test("a file without the header, or without rows, links nothing", async () => {
  const place = await shop.newPlace();
  const { state, error } = bodyOf(await upload(place, "a,b\nSO-1,INV-1\n"));
  assert.equal(state, "failed");
  assert.match(error, /source_id/);
  assert.deepEqual((await importCsv(place, [])).totals, {});
  assert.deepEqual(await place.links(), []);
});

test("a row of more than 1 MiB is told, and is not held in memory", async () => {
  const place = await shop.newPlace();
  const body = `source_id,target_id\nSO-1,INV-1\nSO-2,${"x".repeat(3 << 20)}\nSO-3,INV-3\n`;
  const refused = await upload(place, body);
  const told =
    refused.status === 413 ||
    refused.json.problems[0]?.line === 3 ||
    refused.json.state === "failed";
  assert.ok(told, refused.text.slice(0, 500));
  assert.equal(await place.targetOf("SO-2"), null);
});
