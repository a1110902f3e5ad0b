import assert from "node:assert/strict";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop();
const browser = useBrowser(shop);

async function open({ links = [["SO-1", "INV-1"]], select } = {}) {
  const place = await shop.newPlace();
  if (links.length > 0) await place.add(links);
  const console = await browser.open({ place, params: select ? { sel: select } : {} });
  return { place, console };
}
async function add(console, source, target) {
  await console.button("Add").click();
  await console.fill({ "Shopify ID (source)": source, "Business Central ID (target)": target });
  await console.press("Enter");
}
const becomes = (place, source, target) =>
  eventually(
    async () => (await place.targetOf(source)) === target,
    `${source} to be linked to ${target}`,
  );

test("a reference is added by hand, under the name of who did it", async () => {
  const { place, console } = await open();
  await console.callMe("Zoë Ödman");
  await add(console, "SO-2", "INV-2");
  await console.row("SO-2").click();
  await console.drawer.getByText("by Zoë Ödman").first().waitFor();
  assert.equal(await place.targetOf("SO-2"), "INV-2");
  await console.close();
});

test("adding does not overwrite: the link that stands is shown, and can be changed on purpose", async () => {
  const { place, console } = await open();
  await add(console, "SO-1", "INV-2");
  await console.dialog.getByText("The source is linked to INV-1 already").waitFor();
  assert.equal(await place.targetOf("SO-1"), "INV-1");
  await console.button("Change its target…").click();
  await console.button("Change the target").click();
  await becomes(place, "SO-1", "INV-2");
  await console.close();
});

test("IDs that cannot be are told before they are sent", async () => {
  const { console } = await open();
  await add(console, "", "x".repeat(256));
  await console.dialog.getByText("Enter an ID.").waitFor();
  await console.dialog.getByText("An ID has at most 255 bytes; this one has 256.").waitFor();
  await console.close();
});

test("a new target is set, and set back", async () => {
  const { place, console } = await open({ select: "SO-1" });
  await console.button("Change target").click();
  await console.field("Business Central ID (new target)").fill("INV-2");
  await console.press("Enter");
  await becomes(place, "SO-1", "INV-2");
  await console.button("Undo", console.notice("The target was changed")).click();
  await becomes(place, "SO-1", "INV-1");
  await console.close();
});

test("a change that somebody made meanwhile is not overwritten", async () => {
  const { place, console } = await open({ select: "SO-1" });
  await console.button("Change target").click();
  await place.post("/edit", { references: [{ source_id: "SO-1", target_id: "INV-9" }] });
  await console.field("Business Central ID (new target)").fill("INV-2");
  await console.press("Enter");
  await console.dialog.getByText("Somebody else changed it to INV-9").waitFor();
  assert.equal(await place.targetOf("SO-1"), "INV-9");
  await console.button("Go on from there").click();
  await console.press("Enter");
  await console.button("Change the target").click();
  await becomes(place, "SO-1", "INV-2");
  await console.close();
});

test("removing a link says what it means, and can be undone", async () => {
  const { place, console } = await open({ select: "SO-1" });
  await console.button("Remove link").click();
  await console.dialog.getByText("The records stay in Shopify and in Business Central").waitFor();
  await console.dialog.getByText("a new record will be created in Business Central").waitFor();
  await console.button("Remove the link").click();
  await becomes(place, "SO-1", null);
  await console.drawer.getByText("not linked").first().waitFor();
  await console.button("Undo", console.notice("The link was removed")).click();
  await becomes(place, "SO-1", "INV-1");
  await console.close();
});

test("a change whose answer was lost is made once", async () => {
  const { place, console } = await open();
  const keys = [];
  await console.page.route("**/references", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    keys.push(route.request().headers()["idempotency-key"]);
    if (keys.length > 1) return route.continue();
    await route.fetch();
    return route.abort();
  });
  await add(console, "SO-2", "INV-2");
  await console.notice("Linked.").waitFor();
  assert.equal(keys.length, 2);
  assert.equal(keys[0], keys[1]);
  assert.equal(
    (await place.facts("history", "SO-2")).filter(({ event }) => event === "added").length,
    1,
  );
  await console.close();
});

test("an ID is ignored until that is lifted", async () => {
  const { place, console } = await open({ select: "SO-9" });
  await console.button("Ignore").click();
  await console.button("Stop ignoring").waitFor();
  const claim = { source_ids: ["SO-9"], owner: "worker", lease_seconds: 60 };
  assert.equal((await place.post("/claim", claim)).json.outcomes[0].verdict, "ignored");
  await console.button("Stop ignoring").click();
  await console.button("Ignore").waitFor();
  assert.equal((await place.post("/claim", claim)).json.outcomes[0].verdict, "granted");
  await console.close();
});

test("an integration and an entity type are made", async () => {
  const { console } = await open();
  await console.button("New integration").click();
  await console.dialog.getByRole("textbox", { name: "Name" }).fill("woo-sap");
  await console.fill({ "Source platform": "Woo", "Target platform": "SAP" });
  await console.press("Enter");
  await console.page.getByRole("heading", { name: "woo-sap" }).waitFor();
  await console.button("Add an entity type").click();
  await console.dialog.getByRole("textbox", { name: "Name" }).fill("invoices");
  await console.press("Enter");
  await console.see("No references of invoices yet");
  const made = await shop.integration("woo-sap");
  assert.ok(made, "the integration is there");
  await console.close();
});
