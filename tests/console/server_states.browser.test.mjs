import assert from "node:assert/strict";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop();
const browser = useBrowser(shop);

async function open() {
  const place = await shop.newPlace();
  await place.add(numbered(3));
  const console = await browser.open({ place });
  await console.row("SO-00000").waitFor();
  return { place, console };
}
// Has the page take the daemon for one in another state.
const pretend = (console, change) =>
  console.page.route("**/api/v1/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ...change } });
  });

test("a server that does not answer is told of, and found again when it is back", async () => {
  const { console } = await open();
  await console.page.route("**/api/**", (route) => route.abort());
  await console.see("The server does not answer.");
  assert.ok(await console.button("Add").isDisabled());
  await console.page.unroute("**/api/**");
  await console.page.locator(".banner").waitFor({ state: "detached" });
  assert.ok(await console.button("Add").isEnabled());
  await console.close();
});

test("a server that is loading tells how far it is, and the list comes by itself", async () => {
  const { place, console } = await open();
  await pretend(console, { state: "loading", role: null, references: 30, references_expected: 40 });
  const problem = {
    type: "/problems/not-ready",
    title: "Not ready",
    status: 503,
    detail: "loading",
  };
  const refuse = (route) =>
    route.fulfill({ status: 503, contentType: "application/problem+json", json: problem });
  await console.page.route("**/references?*", refuse);
  await console.goto("#/");
  await console.see("The server is loading its references (75 %).");
  await console.goto(`#/i/${place.integration}/orders`);
  await console.see("Not at the moment");
  await console.page.unroute("**/references?*");
  await console.row("SO-00000").waitFor();
  await console.close();
});

test("a server that accepts no changes says why, and what still works", async () => {
  const { console } = await open();
  await pretend(console, { state: "read-only", trouble: "the disk is full" });
  await console.see("The server accepts no changes.");
  await console.see(/Searching, looking and exporting still work. the disk is full/);
  assert.ok(await console.button("Add").isDisabled());
  await console.row("SO-00001").click();
  assert.ok(await console.button("Remove link").isDisabled());
  await console.close();
});

test("the overview shows what the server does at the moment", async () => {
  const { place, console } = await open();
  await console.goto("#/");
  const tile = console.page.locator(".tile", { hasText: "Checked per second" });
  const source_ids = numbered(50).map(([source]) => source);
  const busy = setInterval(() => void place.post("/check", { source_ids }), 50);
  try {
    await tile.getByText(/^[1-9][\d,.]*/).waitFor();
    await tile.getByText("6.0 % synced").waitFor();
    await console.page.locator(".chart-line").first().waitFor();
  } finally {
    clearInterval(busy);
  }
  await console.close();
});
