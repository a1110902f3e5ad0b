import assert from "node:assert/strict";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { numbered, useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const PAGE_ROWS = 100;

const shop = useShop();
const browser = useBrowser(shop);

async function open(links, options) {
  const place = await shop.newPlace();
  await place.add(links);
  return browser.open({ place, ...options });
}
const listing = (console, wanted) =>
  eventually(
    async () => JSON.stringify(await console.listed()) === JSON.stringify(wanted),
    `${wanted} to be listed`,
  );

test("source and target ID stand side by side under the names of their platforms", async () => {
  const console = await open([["SO-1", "INV-1"]]);
  await console.row("SO-1").waitFor();
  const table = console.page.getByRole("table");
  assert.deepEqual(await table.getByRole("columnheader").allTextContents(), [
    "Shopify",
    "Business Central",
    "Updated",
    "Origin",
  ]);
  assert.deepEqual(
    (await table.getByRole("row").last().getByRole("cell").allTextContents()).slice(0, 2),
    ["SO-1", "INV-1"],
  );
  await console.close();
});

test("the tab of an entity type tells how many references it has", async () => {
  const console = await open(numbered(1234));
  await console.page.getByRole("link", { name: "orders 1,234" }).waitFor();
  await console.page.getByRole("link", { name: "stock 0" }).waitFor();
  await console.close();
});

test("typing finds by the beginning of either side", async () => {
  const console = await open([
    ["SO-1", "INV-1"],
    ["SO-2", "INV-2"],
    ["INV-20", "X"],
  ]);
  await console.searchField.pressSequentially("INV-2");
  await listing(console, ["INV-20", "SO-2"]);
  await console.close();
});

test("text within an ID is found when asked for", async () => {
  const console = await open([
    ["SO-123-A", "INV-1"],
    ["SO-2", "INV-2"],
    ["SO-3", "INV-123"],
  ]);
  await console.page.getByRole("combobox", { name: "How to match" }).selectOption("contains");
  await console.searchField.fill("123");
  await listing(console, ["SO-123-A", "SO-3"]);
  await console.close();
});

test("an answer that comes late does not replace that of a later search", async () => {
  const console = await open([
    ["A-1", "x"],
    ["B-1", "y"],
  ]);
  await console.row("A-1").waitFor();
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await console.page.route(/[?&]q=A(&|$)/, async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  const asked = console.page.waitForRequest(/[?&]q=A(&|$)/);
  await console.searchField.fill("A");
  await asked;
  await console.searchField.fill("B");
  await listing(console, ["B-1"]);
  release();
  await console.page.waitForTimeout(300);
  assert.deepEqual(await console.listed(), ["B-1"]);
  await console.close();
});

test("pages are stepped through in both directions", async () => {
  const console = await open(numbered(250), { params: { order: "source" } });
  const pages = [];
  for (const range of ["1–100 of 250", "101–200 of 250", "201–250 of 250"]) {
    await console.see(range);
    pages.push(await console.listed());
    if (pages.length < 3) await console.button("Next page").click();
  }
  assert.deepEqual(
    pages.flat(),
    numbered(250).map(([source]) => source),
  );
  assert.ok(await console.button("Next page").isDisabled());
  await console.button("Previous page").click();
  await console.see("101–200 of 250");
  assert.deepEqual(await console.listed(), pages[1]);
  assert.equal(pages[0].length, PAGE_ROWS);
  await console.close();
});

test("an address leads to the same search and the same open reference again", async () => {
  const console = await open([
    ["a/b?c=d&e#f%20+", "INV-1"],
    ["SO-2", "INV-2"],
  ]);
  await console.searchField.fill("a/b?c=d&e");
  await listing(console, ["a/b?c=d&e#f%20+"]);
  await console.row("a/b?c=d&e#f%20+").click();
  await console.drawer.getByText("INV-1").first().waitFor();
  await console.page.reload();
  await console.drawer.getByText("INV-1").first().waitFor();
  assert.equal(await console.searchField.inputValue(), "a/b?c=d&e");
  assert.deepEqual(await console.listed(), ["a/b?c=d&e#f%20+"]);
  await console.close();
});

test("what is not linked can be asked about", async () => {
  const console = await open([["SO-1", "INV-1"]], { params: { q: "SO-9" } });
  await console.button("Why is it not linked?").click();
  await console.drawer.getByText("not linked").first().waitFor();
  await console.drawer.getByText(/was ever recorded/).waitFor();
  await console.close();
});

test("targets that several sources share are listed with them", async () => {
  const console = await open(
    [
      ["SO-1", "INV-1"],
      ["SO-2", "INV-1"],
      ["SO-3", "INV-3"],
    ],
    { view: "duplicates" },
  );
  await console.see("2 sources");
  assert.deepEqual((await console.listed()).sort(), ["SO-1", "SO-2"]);
  await console.row("SO-1").click();
  await console.drawer.getByRole("link", { name: "SO-2" }).waitFor();
  await console.close();
});

test("source IDs that look alike are listed together", async () => {
  const console = await open(
    [
      ["SO-1", "INV-1"],
      ["so-01", "INV-2"],
      ["SO-3", "INV-3"],
    ],
    { view: "duplicates" },
  );
  await console.page.getByRole("link", { name: "IDs that look alike" }).click();
  await console.row("so-01").waitFor();
  assert.deepEqual((await console.listed()).sort(), ["SO-1", "so-01"]);
  await console.close();
});

test("all references can be downloaded", async () => {
  const console = await open([["SO-1", "INV-1"]]);
  const download = console.page.waitForEvent("download");
  await console.choose("Export", "CSV");
  const chunks = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk);
  assert.match(Buffer.concat(chunks).toString(), /source_id,target_id.*\n.*SO-1,INV-1/s);
  await console.close();
});
