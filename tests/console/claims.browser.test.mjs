import assert from "node:assert/strict";
import test from "node:test";

import { useBrowser } from "./browser.mjs";
import { useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop();
const browser = useBrowser(shop);

// The claims of a place where a worker has claimed SO-1 and was not heard of again.
async function openLostClaim() {
  const place = await shop.newPlace();
  await place.post("/claim", { source_ids: ["SO-1"], owner: "worker-7", lease_seconds: 1 });
  const lost = async () => (await place.get("/claims")).json.claims[0].state === "expired";
  await eventually(lost, "the claim to expire");
  return { place, console: await browser.open({ place, view: "claims" }) };
}
const claims = async (place) => (await place.get("/claims")).json.claims;

test("a claim whose outcome is unknown is settled with the record that was found", async () => {
  const { place, console } = await openLostClaim();
  await console.see(/outcome unknown/);
  await console.button("Settle…").click();
  await console.field("Business Central ID").fill("INV-1");
  await console.press("Enter");
  await console.see("No open claims");
  assert.equal(await place.targetOf("SO-1"), "INV-1");
  await console.close();
});

test("a claim whose record is not there is freed, after what that means was said", async () => {
  const { place, console } = await openLostClaim();
  await console.button("Free…").click();
  await console.dialog
    .getByText("If worker-7 did create a record before it stopped, there will be two.")
    .waitFor();
  await console.button("Free it").click();
  await console.see("No open claims");
  assert.deepEqual(await claims(place), []);
  await console.close();
});

test("a claim that has passed on meanwhile is left alone", async () => {
  const { place, console } = await openLostClaim();
  await console.button("Settle…").click();
  await place.post("/claim", { source_ids: ["SO-1"], owner: "worker-8", lease_seconds: 300 });
  await console.field("Business Central ID").fill("INV-1");
  await console.press("Enter");
  await console.dialog.getByText("The claim has passed on to somebody else").waitFor();
  assert.equal((await claims(place))[0].owner, "worker-8");
  assert.equal(await place.targetOf("SO-1"), null);
  await console.close();
});
