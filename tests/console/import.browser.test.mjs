import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { useShop } from "./shop.mjs";

const shop = useShop();
const browser = useBrowser(shop);

async function open(links = [["SO-1", "INV-1"]]) {
  const place = await shop.newPlace();
  await place.add(links);
  return { place, console: await browser.open({ place, view: "import" }) };
}
const csv = (...lines) => ["source_id,target_id", ...lines, ""].join("\n");
const choose = (console, text, name = "links.csv") =>
  console
    .field("File to import")
    .setInputFiles({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

test("a trial changes nothing and tells what each row would come to", async () => {
  const { place, console } = await open();
  await choose(console, csv("SO-2,INV-2", "SO-1,INV-9", "SO-3", "SO-2,INV-3"));
  await console.button("Try it without changing anything").click();
  await console.see("Nothing was changed.");
  const rows = console.page.getByRole("table").getByRole("row");
  assert.equal(await rows.count(), 4);
  await rows.filter({ hasText: "SO-1" }).filter({ hasText: "INV-9" }).waitFor();
  assert.deepEqual(await place.links(), [["SO-1", "INV-1"]]);
  await console.button("Link 1 record now").click();
  await console.page.getByRole("link", { name: "See the references" }).waitFor();
  assert.equal(await place.targetOf("SO-2"), "INV-2");
  assert.equal(await place.targetOf("SO-1"), "INV-1");
  await console.close();
});

test("the standing links are overwritten only on request", async () => {
  const { place, console } = await open();
  await choose(console, csv("SO-1,INV-9"));
  await console.field(/^Overwrite it/).check();
  await console.button("Import now").click();
  await console.page.getByRole("link", { name: "See the references" }).waitFor();
  assert.equal(await place.targetOf("SO-1"), "INV-9");
  await console.close();
});

test("a file that is dropped on the page is taken, NDJSON too", async () => {
  const { place, console } = await open();
  const transfer = await console.page.evaluateHandle(() => {
    const data = new DataTransfer();
    data.items.add(new File(['{"source_id":"SO-2","target_id":"INV-2"}\n'], "links.ndjson"));
    return data;
  });
  await console.page.locator(".drop-zone").dispatchEvent("drop", { dataTransfer: transfer });
  await console.button("Import now").click();
  await console.page.getByRole("link", { name: "See the references" }).click();
  await console.row("SO-2").waitFor();
  assert.equal(await place.targetOf("SO-2"), "INV-2");
  await console.close();
});

test("the rows that were left out can be saved as a file", async () => {
  const { console } = await open();
  await choose(console, csv('"SO,1"', "SO-1,INV-9"));
  await console.button("Try it without changing anything").click();
  const download = console.page.waitForEvent("download");
  await console.button("Save as CSV").click();
  const saved = await readFile(await (await download).path(), "utf8");
  assert.match(saved, /^line,source_id,target_id,verdict,detail\n/);
  assert.match(saved, /\n3,SO-1,INV-9,conflict,/);
  await console.close();
});

test("a file that cannot be read says why", async () => {
  const { place, console } = await open();
  await choose(console, "a,b\n1,2\n");
  await console.button("Import now").click();
  await console.see("The import did not get to its end.");
  await console.see(/source_id/);
  assert.deepEqual(await place.links(), [["SO-1", "INV-1"]]);
  await console.close();
});

test("an import that takes long tells how far it is, and stops on request", async () => {
  const { console } = await open();
  const forever = () => {};
  await console.page.route("**/imports?*", forever);
  await choose(console, csv("SO-2,INV-2"));
  await console.button("Import now").click();
  await console.page.getByRole("progressbar", { name: "How much of the file was sent" }).waitFor();
  await console.button("Stop").click();
  await console.see("The import was stopped. What was linked until then stays.");
  await console.close();
});
