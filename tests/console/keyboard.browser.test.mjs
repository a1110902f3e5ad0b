import assert from "node:assert/strict";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { numbered, useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop();
const browser = useBrowser(shop);

async function open(count = 150) {
  const place = await shop.newPlace();
  await place.add(numbered(count));
  const console = await browser.open({ place, params: { order: "source" } });
  await console.row("SO-00000").waitFor();
  return { place, console };
}

test("search, rows, details and back, without a mouse", async () => {
  const { console } = await open();
  await console.press("/");
  await console.page.keyboard.type("SO-0001");
  await console.row("SO-00000").waitFor({ state: "detached" });
  await console.press("ArrowDown", "ArrowDown");
  assert.equal(await console.focused(), "SO-00011");
  await console.press("Enter");
  await console.drawer.getByText("INV-00011").first().waitFor();
  assert.equal(await console.focused(), "Details");
  await console.press("Escape");
  assert.equal(await console.focused(), "SO-00011");
  assert.equal(await console.drawer.count(), 0);
  await console.close();
});

test("the details follow the row that has the focus", async () => {
  const { console } = await open();
  await console.row("SO-00003").click();
  await console.row("SO-00003").focus();
  await console.press("ArrowDown");
  await console.drawer.getByText("INV-00004").first().waitFor();
  assert.equal(await console.focused(), "SO-00004");
  await console.close();
});

test("pages turn with the arrow keys", async () => {
  const { console } = await open();
  await console.press("ArrowRight");
  await console.see("101–150 of 150");
  await console.press("ArrowLeft");
  await console.see("1–100 of 150");
  await console.close();
});

test("a reference is added, changed and removed by keys", async () => {
  const { place, console } = await open();
  await console.press("n");
  await console.page.keyboard.type("AA-1");
  await console.press("Tab");
  await console.page.keyboard.type("B-1");
  await console.press("Enter");
  await console.row("AA-1").focus();
  await console.press("Enter");
  await console.drawer.getByText("B-1").first().waitFor();
  await console.press("e");
  await console.page.keyboard.press("ControlOrMeta+a");
  await console.page.keyboard.type("B-2");
  await console.press("Enter");
  await console.drawer.getByText("B-2").first().waitFor();
  await console.press("Delete");
  await console.dialog.waitFor();
  await console.press("Enter");
  const removed = async () => (await place.targetOf("AA-1")) === null;
  await eventually(removed, "the link to be removed");
  await console.close();
});

test("a dialog keeps the focus, closes with Escape and gives the focus back", async () => {
  const { console } = await open();
  await console.button("Add").focus();
  await console.press("Enter");
  await console.dialog.waitFor();
  const within = () => console.page.evaluate(() => !document.activeElement.closest("main"));
  for (let step = 0; step < 12; step++) {
    await console.press("Tab");
    assert.ok(await within());
  }
  await console.press("Escape");
  assert.equal(await console.page.locator("dialog[open]").count(), 0);
  assert.equal(await console.focused(), "Add");
  await console.close();
});

test("letters that are typed into a field are no commands", async () => {
  const { console } = await open();
  await console.searchField.fill("");
  await console.page.keyboard.type("n?e");
  assert.equal(await console.searchField.inputValue(), "n?e");
  assert.equal(await console.page.locator("dialog[open]").count(), 0);
  await console.close();
});

test("a question mark opens the help", async () => {
  const { console } = await open();
  await console.press("?");
  await console.page.getByRole("heading", { name: "Keys" }).waitFor();
  await console.close();
});
