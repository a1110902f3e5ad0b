import assert from "node:assert/strict";
import test, { after } from "node:test";

import { useBrowser } from "./browser.mjs";
import { Daemon } from "./daemon.mjs";
import { numbered, useShop } from "./shop.mjs";

// It follows from the first change on, so it needs no copy, for which it would start anew.
let standby;
const shop = useShop({
  prepare: async (shop) => {
    standby = await Daemon.start(["--standby-of", shop.daemon.address]);
    await shop.awaitFold(standby);
  },
});
const browser = useBrowser(shop);
after(() => standby?.stop());

test("a standby shows what it has, and where changes go", async () => {
  const place = await shop.newPlace();
  await place.add(numbered(3));
  const console = await browser.open({ place, of: standby });
  await console.row("SO-00000").waitFor();
  await console.see("This server is a standby.");
  await console.see(`Changes go to the primary at ${shop.daemon.address}`);
  assert.ok(await console.button("Add").isDisabled());
  await console.goto("#/");
  await console.see(`Follows its primary at ${shop.daemon.address}`);
  await console.close();
});

test("the overview of a primary lists its standbys and how far they are behind", async () => {
  const console = await browser.open();
  const standbys = console.page.getByRole("table", {
    name: "Standbys and how far they are behind",
  });
  await standbys.getByRole("row", { name: /in sync 0 changes/ }).waitFor();
  await console.close();
});
