import assert from "node:assert/strict";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { numbered, useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop();
const browser = useBrowser(shop);

async function open(count) {
  const place = await shop.newPlace();
  await place.add(numbered(count));
  const console = await browser.open({ place });
  await console.row("SO-00000").waitFor();
  return { place, console };
}
async function deleteAll(console, typed) {
  await console.choose("More for orders", "Delete all references…");
  await console.field(/^Type/).fill(typed);
  await console.press("Enter");
}
const count = async (place) => (await place.links()).length;

test("all references of a type are deleted only after their count was typed in", async () => {
  const { place, console } = await open(1234);
  await console.choose("More for orders", "Delete all references…");
  await console.dialog.getByText(/may create up to 1234 new records in Business Central/).waitFor();
  await console.field(/^Type/).fill("1,233");
  await console.press("Enter");
  assert.ok(await console.button("Delete all references").isDisabled());
  assert.equal(await count(place), 1234);
  await console.field(/^Type/).fill("1,234");
  await console.press("Enter");
  await console.notice("1,234 references of orders deleted.").waitFor();
  assert.equal(await count(place), 0);
  await console.close();
});

test("what was deleted comes back at once", async () => {
  const { place, console } = await open(500);
  await deleteAll(console, "500");
  await console.button("Restore", console.notice("500 references of orders deleted.")).click();
  await console.notice("is back: 500 references restored").waitFor();
  assert.equal(await count(place), 500);
  await console.see("1–100 of 500");
  await console.close();
});

test("a restore leaves what is newer, and tells which", async () => {
  const { place, console } = await open(3);
  await deleteAll(console, "3");
  await console.notice("3 references of orders deleted.").waitFor();
  await place.add([["SO-00001", "INV-new"]]);
  await console.button("Restore").click();
  await console.button("See which", console.notice("1 was left out")).click();
  await console.dialog.getByText("linked to INV-new meanwhile").waitFor();
  assert.equal(await place.targetOf("SO-00001"), "INV-new");
  await console.close();
});

test("nothing is deleted when something changed since the preview", async () => {
  const { place, console } = await open(3);
  await console.choose("More for orders", "Delete all references…");
  await console.field(/^Type/).fill("3");
  await place.add([["SO-new", "INV-new"]]);
  await console.press("Enter");
  await console.dialog.getByText("Type 4 to go on").waitFor();
  assert.equal(await console.field(/^Type/).inputValue(), "");
  assert.equal(await count(place), 4);
  await console.close();
});

test("an integration is dropped, and restored from the trash under another name", async () => {
  const { place, console } = await open(2);
  await console.choose(`More for ${place.integration}`, "Drop this integration…");
  await console.field(/^Type/).fill("2");
  await console.press("Enter");
  await console.notice(`${place.integration} dropped, with 2 references.`).waitFor();
  assert.equal(await shop.integration(place.integration), undefined);
  await console.goto("#/trash");
  const entry = console.page.getByRole("row", { name: `${place.integration} (whole integration)` });
  await console.button("Restore…", entry).click();
  await console.dialog.getByRole("textbox", { name: "Name" }).fill(`${place.integration}-again`);
  await console.button("Restore 2 references").click();
  await eventually(
    () => shop.integration(`${place.integration}-again`),
    "the integration to be back",
  );
  await console.close();
});
