import assert from "node:assert/strict";
import test from "node:test";

import { bodyOf } from "./api.mjs";
import { numbered, useShop } from "./shop.mjs";
import { eventually } from "./waiting.mjs";

const shop = useShop();

async function claim(place, sources, owner, lease_seconds = 300) {
  return bodyOf(await place.post("/claim", { source_ids: sources, owner, lease_seconds })).outcomes;
}
// A place where `owner` has claimed SO-1, and the claim's token.
async function claimedPlace(owner = "run-1") {
  const place = await shop.newPlace();
  const [{ token }] = await claim(place, ["SO-1"], owner);
  return { place, token };
}
// What becomes of one claim: settle, release or renew.
async function act(place, what, claim, options = {}) {
  const asked = { claims: [{ source_id: "SO-1", ...claim }], ...options };
  return bodyOf(await place.post(`/${what}`, asked)).outcomes[0];
}

test("a claim that is granted is listed, and not synced", async () => {
  const { place, token } = await claimedPlace();
  const [listed] = await place.facts("claims");
  assert.deepEqual(
    [listed.source_id, String(listed.token), listed.owner],
    ["SO-1", token, "run-1"],
  );
  assert.equal(bodyOf(await place.post("/check", { source_ids: ["SO-1"] })).synced_count, 0);
});

test("what another owner has claimed is held", async () => {
  const { place } = await claimedPlace();
  const [outcome] = await claim(place, ["SO-1"], "run-2");
  assert.deepEqual([outcome.verdict, outcome.other], ["held", "run-1"]);
  assert.ok(outcome.number > 0 && outcome.number <= 300_000);
});

test("what is linked, ignored or repeated is not granted", async () => {
  const place = await shop.newPlace();
  await place.add([["SO-1", "INV-1"]]);
  bodyOf(await place.post("/ignore", { source_ids: ["SO-2"] }));
  const [synced, ignored, granted, duplicate] = await claim(
    place,
    ["SO-1", "SO-2", "SO-3", "SO-3"],
    "w",
  );
  assert.deepEqual(synced, { verdict: "synced", other: "INV-1" });
  assert.deepEqual(ignored, { verdict: "ignored" });
  assert.equal(granted.verdict, "granted");
  assert.deepEqual(duplicate, { verdict: "duplicate", number: 2 });
});

test("a settled claim is linked and over", async () => {
  const { place, token } = await claimedPlace();
  assert.deepEqual(await act(place, "settle", { token, target_id: "INV-1" }), { verdict: "done" });
  assert.equal(await place.targetOf("SO-1"), "INV-1");
  assert.deepEqual(await place.facts("claims"), []);
});

test("settling again with another target is a conflict", async () => {
  const { place, token } = await claimedPlace();
  await act(place, "settle", { token, target_id: "INV-1" });
  const again = (target_id) => act(place, "settle", { token, target_id });
  assert.deepEqual(await again("INV-1"), { verdict: "unchanged" });
  assert.deepEqual(await again("INV-2"), { verdict: "conflict", other: "INV-1" });
  assert.equal(await place.targetOf("SO-1"), "INV-1");
});

test("a released claim can be claimed by another owner", async () => {
  const { place, token } = await claimedPlace();
  assert.deepEqual(await act(place, "release", { token }), { verdict: "done" });
  assert.deepEqual(await place.facts("claims"), []);
  assert.equal((await claim(place, ["SO-1"], "run-2"))[0].verdict, "granted");
});

test("a token that has passed on settles, releases and renews nothing", async () => {
  const { place, token } = await claimedPlace();
  await act(place, "release", { token });
  await claim(place, ["SO-1"], "run-2");
  const stale = { verdict: "stale_token" };
  assert.deepEqual(await act(place, "settle", { token, target_id: "INV-1" }), stale);
  assert.deepEqual(await act(place, "release", { token }), stale);
  assert.deepEqual(await act(place, "renew", { token }), stale);
  assert.equal(await place.targetOf("SO-1"), null);
  assert.equal((await place.facts("claims"))[0].owner, "run-2");
});

test("a renewed claim runs longer", async () => {
  const { place, token } = await claimedPlace();
  assert.deepEqual(await act(place, "renew", { token }, { lease_seconds: 86_400 }), {
    verdict: "done",
  });
  const [{ remaining_ms }] = await place.all("/claims", "claims");
  assert.ok(remaining_ms > 300_000, `${remaining_ms}`);
});

test("an owner that claims again is told that the outcome is unknown", async () => {
  const { place } = await claimedPlace();
  const [again] = await claim(place, ["SO-1"], "run-1");
  assert.deepEqual([again.verdict, again.other], ["outcome_unknown", "run-1"]);
  await act(place, "release", { token: again.token });
  const [{ state, lost_owner }] = await place.all("/claims", "claims");
  assert.deepEqual({ state, lost_owner }, { state: "expired", lost_owner: "run-1" });
});

test("a claim whose lease is over is expired, and its outcome unknown", async () => {
  const place = await shop.newPlace();
  await claim(place, ["SO-1"], "run-1", 1);
  const expired = async () => (await place.all("/claims", "claims"))[0].state === "expired";
  await eventually(expired, "the lease to be over");
  const [outcome] = await claim(place, ["SO-1"], "run-2");
  assert.deepEqual([outcome.verdict, outcome.other], ["outcome_unknown", "run-1"]);
});

test("linking a source ID ends its claim", async () => {
  const { place } = await claimedPlace();
  bodyOf(await place.post("/references", { source_id: "SO-1", target_id: "INV-1" }), 201);
  assert.deepEqual(await place.all("/claims", "claims"), []);
});

test("pages of claims have each claim once, in the order of source IDs", async () => {
  const place = await shop.newPlace();
  const sources = numbered(25).map(([source]) => source);
  await claim(place, [...sources].reverse(), "w");
  const claims = await place.all("/claims", "claims", { limit: 10 });
  assert.deepEqual(
    claims.map(({ source_id }) => source_id),
    sources,
  );
});

test("a listed claim has the token that settles it", async () => {
  const { place, token } = await claimedPlace();
  const [listed] = await place.all("/claims", "claims");
  assert.equal(listed.token, token);
  assert.equal(listed.state, "open");
});
