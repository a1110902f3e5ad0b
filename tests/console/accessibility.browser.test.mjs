import assert from "node:assert/strict";
import test from "node:test";

import { LOOKS, overflows, violations } from "./accessibility.mjs";
import { linkTo, useBrowser } from "./browser.mjs";
import { numbered, useShop } from "./shop.mjs";

let place;
const shop = useShop({ prepare });
const browser = useBrowser(shop);

async function prepare(shop) {
  place = await shop.newPlace("shop-erp");
  await place.add([...numbered(60), ["SO-twice", "INV-00001"], [" odd\u202e", "x".repeat(200)]]);
  await place.post("/claim", { source_ids: ["C-1"], owner: "worker", lease_seconds: 300 });
  await place.post("/ignore", { source_ids: ["I-1"] });
}

// Each view, and what shows that it is there.
const VIEWS = {
  "the overview": [() => "", "Entity types"],
  references: [() => linkTo(place), "SO-twice"],
  "a reference's details": [() => linkTo(place, "", { sel: "SO-twice" }), "History"],
  "an odd reference": [() => linkTo(place, "", { sel: " odd\u202e" }), "History"],
  "an ignored ID": [() => linkTo(place, "", { sel: "I-1" }), "Stop ignoring"],
  "a search without result": [() => linkTo(place, "", { q: "nothing" }), "No reference matches"],
  "an empty type": [() => linkTo({ ...place, type: "stock" }), "No references of stock yet"],
  duplicates: [() => linkTo(place, "duplicates"), "2 sources"],
  "IDs that look alike": [() => linkTo(place, "duplicates", { kind: "alike" }), "No duplicates"],
  claims: [() => linkTo(place, "claims"), "worker"],
  "the import": [() => linkTo(place, "import"), "Drop a CSV or NDJSON file here"],
  "the trash": [() => "#/trash", "The trash is empty"],
  "a wrong address": [() => "#/nowhere", "There is nothing at this address"],
};
const DIALOGS = {
  adding: (console) => console.button("Add").click(),
  "deleting all": async (console) => {
    await console.choose("More for orders", "Delete all references…");
    await console.field(/^Type/).waitFor();
  },
  help: (console) => console.press("?"),
};

for (const [look, options] of Object.entries(LOOKS)) {
  for (const [name, [link, sign]] of Object.entries(VIEWS)) {
    test(`${name} is accessible, ${look}`, async () => {
      const console = await browser.open({ ...options, view: link() });
      await console.see(sign);
      assert.deepEqual(await violations(console.page), []);
      assert.equal(await overflows(console.page), false);
      await console.close();
    });
  }
  for (const [name, open] of Object.entries(DIALOGS)) {
    test(`the dialog for ${name} is accessible, ${look}`, async () => {
      const console = await browser.open({ ...options, place });
      await console.see("SO-twice");
      await open(console);
      await console.dialog.waitFor();
      assert.deepEqual(await violations(console.page), []);
      assert.equal(await overflows(console.page), false);
      await console.close();
    });
  }
}

test("the colours are chosen, and kept", async () => {
  const console = await browser.open({ place, colorScheme: "light" });
  const ground = () => console.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await console.button("Dark colours").click();
  const dark = await ground();
  assert.notEqual(dark, light);
  await console.page.reload();
  await console.see("SO-twice");
  assert.equal(await ground(), dark);
  await console.close();
});
