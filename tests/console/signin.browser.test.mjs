// Signing in and out, on a daemon that asks for access tokens.

import assert from "node:assert/strict";
import test from "node:test";

import { LOOKS, overflows, violations } from "./accessibility.mjs";
import { linkTo, useBrowser } from "./browser.mjs";
import { parseCsv } from "./csv.mjs";
import { numbered, useShop } from "./shop.mjs";

const shop = useShop({ locked: true, prepare });
const browser = useBrowser(shop);
let place;
let tokens = 0;

async function prepare(shop) {
  place = await shop.newPlace("shop-erp");
  await place.add(numbered(3));
  await place.post("/claim", { source_ids: ["C-1"], owner: "worker", lease_seconds: 300 });
  await shop.newLinkedPlace("b2b");
}
const newToken = (role, options, name = `${role}-${++tokens}`) =>
  shop.daemon.makeToken(name, role, options);
const newConsole = (options) => browser.open({ place, ...options });
async function signedIn(role, { token, ...options } = {}) {
  const console = await newConsole(options);
  await console.signIn(token ?? (await newToken(role)));
  return console;
}
const atSignIn = (console) => console.page.getByRole("heading", { name: "Sign in" }).waitFor();
const who = (console) => console.page.getByRole("region", { name: "Signed in" });
const isThere = (locator) => locator.count().then((count) => count > 0);

// Everywhere that a page can leave something.
const leftBehind = (console) =>
  console.page.evaluate(async () => ({
    url: location.href,
    history: JSON.stringify(history.state),
    local: JSON.stringify({ ...localStorage }),
    cookies: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    title: document.title,
    html: document.documentElement.outerHTML,
  }));

test("whoever signs in is where the address says, and sees whose token it is", async () => {
  const token = await newToken("syncer", {}, "ada's laptop");
  const console = await newConsole({ params: { sel: "SO-00001" } });
  await atSignIn(console);
  assert.equal(await console.page.title(), "Sign in · xrefd");
  await console.signIn(token);
  await console.drawer.getByText("INV-00001").first().waitFor();
  await who(console).getByText("ada's laptop").waitFor();
  await who(console).getByText("syncer").waitFor();
  await who(console).getByText("of all integrations").waitFor();
  await console.close();
});

test("the token is in the storage of the tab, and nowhere else", async () => {
  const token = await newToken("reader");
  const console = await newConsole();
  const told = [];
  console.page.on("console", (message) => told.push(message.text()));
  const asked = [];
  console.page.on("request", (request) => asked.push(request.url()));
  await console.signIn(token);
  await console.row("SO-00000").waitFor();
  const left = { ...(await leftBehind(console)), told, asked };
  assert.ok(!JSON.stringify(left).includes(token.split("_")[2]), "the secret is somewhere");
  assert.deepEqual([left.databases, left.caches, left.cookies], [0, 0, ""]);
  const kept = await console.page.evaluate(() => ({ ...sessionStorage }));
  assert.deepEqual(kept, { "xrefd.token": token });
  await console.close();
});

test("a tab that is loaded again is still signed in, and another tab is not", async () => {
  const console = await signedIn("reader");
  await console.page.reload();
  await console.row("SO-00000").waitFor();
  const other = await console.context.newPage();
  await other.goto(console.page.url());
  await other.getByRole("heading", { name: "Sign in" }).waitFor();
  await console.close();
});

test("a token that is not good is refused, with what is wrong", async () => {
  const console = await newConsole();
  const field = console.field("Access token");
  await field.fill("my password");
  await console.press("Enter");
  await console.see("That is no access token");
  await field.fill(`xref_1_${"A".repeat(43)}`);
  await console.press("Enter");
  await console.see("The server refuses this token");
  assert.equal(await field.getAttribute("aria-invalid"), "true");
  assert.ok(await field.evaluate((input) => input === document.activeElement));
  assert.deepEqual(await console.page.evaluate(() => ({ ...sessionStorage })), {});
  await field.fill(await newToken("reader"));
  await console.press("Enter");
  await console.row("SO-00000").waitFor();
  await console.close();
});

test("a server that does not answer is told from a token that is not good", async () => {
  const console = await newConsole();
  await atSignIn(console);
  await console.page.route("**/api/**", (route) => route.abort());
  await console.field("Access token").fill(await newToken("reader"));
  await console.press("Enter");
  await console.see("The server did not answer");
  await console.page.unroute("**/api/**");
  await console.press("Enter");
  await console.row("SO-00000").waitFor();
  await console.close();
});

test("a token is found in the line that it was copied with, and can be shown", async () => {
  const token = await newToken("reader");
  const console = await newConsole();
  const field = console.field("Access token");
  assert.equal(await field.getAttribute("type"), "password");
  assert.equal(await field.getAttribute("autocomplete"), "off");
  await field.fill(`  export XREF_TOKEN="${token}" `);
  await console.button("Show").click();
  assert.equal(await field.getAttribute("type"), "text");
  await console.button("Sign in").click();
  await console.row("SO-00000").waitFor();
  await console.close();
});

test("who signs out leaves nothing behind", async () => {
  const console = await signedIn("admin");
  await console.row("SO-00000").waitFor();
  await console.button("Sign out").click();
  await console.see("You are signed out");
  const left = await leftBehind(console);
  assert.ok(!left.html.includes("SO-0000") && !left.html.includes("b2b"), left.html);
  assert.deepEqual(await console.page.evaluate(() => ({ ...sessionStorage })), {});
  await console.page.reload();
  await atSignIn(console);
  await console.signIn(await newToken("reader"));
  await console.row("SO-00000").waitFor();
  await console.close();
});

test("a browser that stores nothing keeps the token until the page is left", async () => {
  const console = await browser.open({ view: "#/nowhere" });
  await console.page.addInitScript(() => {
    Object.defineProperty(window, "sessionStorage", {
      get() {
        throw new DOMException("denied", "SecurityError");
      },
    });
  });
  await console.goto(linkTo(place));
  await console.page.reload();
  await console.signIn(await newToken("reader"));
  await console.row("SO-00000").waitFor();
  await console.page.reload();
  await atSignIn(console);
  await console.close();
});

test("a token that is revoked ends what its holder sees, and another one goes on there", async () => {
  const token = await newToken("admin", {}, "gone");
  const console = await signedIn("admin", { token });
  await console.row("SO-00000").waitFor();
  await console.button("Add").click();
  await console.dialog.waitFor();
  await shop.daemon.revokeToken("gone");
  await console.see("You were signed out");
  assert.ok(!(await leftBehind(console)).html.includes("SO-0000"));
  assert.ok(!(await isThere(console.dialog)));
  await console.page.reload();
  await atSignIn(console);
  await console.signIn(await newToken("reader"));
  await console.row("SO-00000").waitFor();
  await console.close();
});

test("a token that was revoked meanwhile is not taken from the storage", async () => {
  const token = await newToken("reader", {}, "old");
  const console = await signedIn("reader", { token });
  await console.row("SO-00000").waitFor();
  await shop.daemon.revokeToken("old");
  await console.page.reload();
  await console.see("The token that this tab had is not good");
  assert.deepEqual(await console.page.evaluate(() => ({ ...sessionStorage })), {});
  await console.close();
});

test("a reader sees all there is, is offered no change, and is told why", async () => {
  const console = await signedIn("reader", { params: { sel: "SO-00001" } });
  await console.drawer.getByText("History").waitFor();
  for (const name of [
    "Add",
    "Change target",
    "Remove link",
    "More for orders",
    "More for shop-erp",
    "New integration",
    "Add an entity type",
    "Set your name",
  ]) {
    assert.ok(!(await isThere(console.button(name))), name);
  }
  assert.ok(!(await isThere(console.page.getByRole("link", { name: "Import" }))));
  await console.press("n", "e", "Delete");
  assert.ok(!(await isThere(console.dialog)));
  await console.button("Read only").click();
  await console.dialog.getByText("changes nothing").waitFor();
  await console.close();
});

test("a reader sees claims, imports and the trash, and can do nothing there", async () => {
  const console = await signedIn("reader", { view: "claims" });
  await console.see("worker");
  assert.ok(!(await isThere(console.button("Settle…"))));
  await console.goto(linkTo(place, "import"));
  await console.see("Your token does not let you import");
  await console.goto("#/trash");
  await console.see("What was deleted as a whole");
  await console.close();
});

test("a syncer changes references, and administers nothing", async () => {
  const console = await signedIn("syncer");
  await console.button("Add").click();
  await console.fill({
    "Shopify ID (source)": "SO-new",
    "Business Central ID (target)": "INV-new",
  });
  await console.press("Enter");
  await console.row("SO-new").waitFor();
  assert.equal(await place.targetOf("SO-new"), "INV-new");
  for (const name of ["More for orders", "More for shop-erp", "New integration", "Read only"])
    assert.ok(!(await isThere(console.button(name))), name);
  await console.page.getByRole("link", { name: "Import" }).click();
  await console.see("Drop a CSV or NDJSON file here");
  await console.close();
  await place.reference("DELETE", "SO-new");
});

test("an admin is offered everything", async () => {
  const console = await signedIn("admin");
  for (const name of ["Add", "More for orders", "More for shop-erp", "New integration"])
    await console.button(name).waitFor();
  await console.close();
});

test("a limited token shows its integration, and no other one", async () => {
  const token = await newToken("admin", { integrations: ["b2b"] });
  const console = await signedIn("admin", { token });
  await console.see("There is no integration of this name");
  await who(console).getByText("of b2b").waitFor();
  assert.ok(!(await isThere(console.button("New integration"))));
  const names = await console.page.locator(".nav-name").allTextContents();
  assert.deepEqual(names, ["b2b"]);
  await console.goto("#/i/b2b/orders");
  await console.row("SO-1").waitFor();
  await console.goto("#/");
  await console.see("in 1 integration");
  assert.ok(!(await isThere(console.page.getByText("Memory"))));
  await console.close();
});

test("a token for metrics shows the state of the server, and no references", async () => {
  const console = await signedIn("metrics");
  await console.see("Your token does not let you see references");
  await console.page.getByRole("link", { name: "Go to the overview" }).click();
  await console.see("Memory");
  assert.ok(!(await isThere(console.page.getByRole("link", { name: "Trash" }))));
  await console.close();
});

test("a token that expires soon is warned of, and another one is not", async () => {
  const soon = await signedIn("reader", { token: await newToken("reader", { days: 3 }) });
  await soon.see(/Your access token expires in [23] d/);
  await soon.close();
  const later = await signedIn("reader", { token: await newToken("reader", { days: 30 }) });
  await who(later)
    .getByText(/expires in (29|30) d/)
    .waitFor();
  assert.ok(!(await isThere(later.page.locator(".banner"))));
  await later.close();
});

test("an export is saved with the token", async () => {
  const console = await signedIn("reader");
  const download = console.page.waitForEvent("download");
  await console.choose("Export", "CSV");
  const file = await download;
  assert.equal(file.suggestedFilename(), "shop-erp-orders.csv");
  const chunks = [];
  for await (const chunk of await file.createReadStream()) chunks.push(chunk);
  assert.deepEqual(parseCsv(Buffer.concat(chunks).toString()), numbered(3));
  await console.notice("shop-erp-orders.csv is saved").waitFor();
  await console.close();
});

test("an export that a browser cannot hold is left to the command line, without the token in it", async () => {
  const token = await newToken("reader");
  const console = await newConsole();
  await console.page.route("**/api/v1/status", async (route) => {
    const response = await route.fetch();
    const status = await response.json();
    for (const place of status.places ?? []) place.references = 2_000_000;
    await route.fulfill({ response, json: status });
  });
  await console.signIn(token);
  await console.see("of 2,000,000");
  await console.choose("Export", "NDJSON");
  await console.dialog.getByText("xref --json export shop-erp/orders").waitFor();
  await console.dialog.getByText(/curl .*\/export\?format=ndjson/).waitFor();
  assert.ok(!(await console.dialog.textContent()).includes(token));
  await console.close();
});

for (const [look, options] of Object.entries(LOOKS)) {
  test(`the sign-in is accessible, ${look}`, async () => {
    const console = await newConsole(options);
    await atSignIn(console);
    assert.deepEqual(await violations(console.page), []);
    await console.field("Access token").fill("x");
    await console.press("Enter");
    await console.see("That is no access token");
    assert.deepEqual(await violations(console.page), []);
    assert.equal(await overflows(console.page), false);
    await console.close();
  });

  test(`the page of somebody who is signed in is accessible, ${look}`, async () => {
    const token = await newToken("reader", { integrations: ["shop-erp"], days: 2 });
    const console = await signedIn("reader", { token, ...options });
    await console.row("SO-00000").waitFor();
    assert.deepEqual(await violations(console.page), []);
    assert.equal(await overflows(console.page), false);
    if (look === "on a phone") await console.button("Your access").click();
    else await console.button("Read only").click();
    await console.dialog.getByText("shop-erp").first().waitFor();
    assert.deepEqual(await violations(console.page), []);
    await console.close();
  });
}

test("keys alone do", async () => {
  const console = await newConsole();
  await atSignIn(console);
  await console.page.keyboard.type(await newToken("reader"));
  await console.press("Tab");
  assert.equal(await console.focused(), "Show");
  await console.press("Tab", "Enter");
  await console.row("SO-00000").waitFor();
  await console.close();
});
