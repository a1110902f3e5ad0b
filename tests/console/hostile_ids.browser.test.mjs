import assert from "node:assert/strict";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { useShop } from "./shop.mjs";

const HOSTILE = {
  markup: "<script>alert(1)</script>",
  "markup with a handler": '"><img src=x onerror=alert(1)>',
  "a script address": "javascript:alert(1)",
  "a right-to-left override": "SO-1\u202etxt.exe",
  "zero width characters": "SO\u200b-\u200d1",
  "spaces at the ends": "  SO 1 ",
  "a no-break space": "SO\u00a01",
  Hebrew: "שלום-123",
  "an emoji of several parts": "👩‍🔧-1",
  "what has a meaning in addresses": "../a/b?c=d&e=f#g%2e+h",
  "255 bytes": "x".repeat(255),
};

const shop = useShop();
const browser = useBrowser(shop);

for (const [what, id] of Object.entries(HOSTILE)) {
  test(`an ID with ${what} is shown as text, found, opened and copied as it is`, async () => {
    const place = await shop.newPlace();
    await place.add([[id, id]]);
    const console = await browser.open({
      place,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await console.searchField.fill(id);
    await console.row(id).waitFor();
    assert.deepEqual(await console.listed(), [id]);
    await console.row(id).click();
    await console.button("Copy the Business Central ID", console.drawer).click();
    await console.button("Copied", console.drawer).waitFor();
    assert.equal(await console.page.evaluate(() => navigator.clipboard.readText()), id);
    assert.equal(await console.page.locator("main script, main img").count(), 0);
    await console.close();
  });
}

test("characters that cannot be seen have marks, and the text around them keeps its direction", async () => {
  const place = await shop.newPlace();
  await place.add([[" SO-1", "A\u202eB"]]);
  const console = await browser.open({ place, params: { sel: " SO-1" } });
  await console.drawer.getByText("Linked", { exact: true }).first().waitFor();
  const marks = await console.page.getByRole("table").locator(".mark").allTextContents();
  assert.deepEqual(marks, ["␣", "U+202E"]);
  assert.doesNotMatch(await console.page.locator("main").textContent(), /\u202e/);
  await console.close();
});

test("a name with markup is shown as text in the history", async () => {
  const place = await shop.newPlace();
  const console = await browser.open({ place, params: { sel: "SO-1" } });
  await console.callMe("<b onmouseover=alert(1)>Ada</b>");
  await console.button("Link it").click();
  await console.field("Business Central ID (target)").fill("INV-1");
  await console.press("Enter");
  await console.drawer.getByText("by <b onmouseover=alert(1)>Ada</b>").first().waitFor();
  await console.close();
});
