// A real Chromium on the console of a real daemon, and what users do there.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before } from "node:test";

import { chromium } from "playwright-core";

// The one without windows takes half of the time.
const CHROMIUM =
  process.env.XREF_TEST_CHROMIUM ??
  ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find(existsSync);
// A folder for pictures of how each page looked at the end of its test.
const SCREENSHOTS = process.env.XREF_TEST_SCREENSHOTS;
const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-sync",
];
const ACTION_MS = 10_000;

export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PHONE = { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true };

// To be called at the top of a test file, after useShop. The daemon holds 100,000 references of somebody
// else, beside those of the tests.
export function useBrowser(shop) {
  shop.hasCrowd = true;
  const fixture = { open: (options) => ConsolePage.open(fixture.browser, shop, options) };
  before(async () => {
    fixture.browser = await chromium.launch({ executablePath: CHROMIUM, args: QUIET });
  });
  after(() => fixture.browser?.close());
  return fixture;
}

let closed = 0; // pages

// One user's page. Closing it fails if the page had an error of its own, broke its security policy
// or asked anybody else for anything.
export class ConsolePage {
  #faults = [];

  static async open(
    browser,
    shop,
    { place, view = "", params = {}, of = shop.daemon, ...options } = {},
  ) {
    const opened = new ConsolePage();
    opened.origin = `http://${of.http}`;
    const looks = { ...DESKTOP, reducedMotion: "reduce", ...options };
    opened.context = await browser.newContext(looks);
    opened.page = await opened.context.newPage();
    opened.page.setDefaultTimeout(ACTION_MS);
    opened.#watch();
    await opened.goto(place ? linkTo(place, view, params) : view);
    return opened;
  }

  #watch() {
    this.page.on("pageerror", (error) => this.#faults.push(`error: ${error.message}`));
    this.page.on("dialog", (dialog) => {
      if (dialog.type() !== "beforeunload") this.#faults.push(`a script ran: ${dialog.message()}`);
      void dialog.accept();
    });
    this.page.on("console", (message) => {
      if (/Content Security Policy|Refused to/.test(message.text()))
        this.#faults.push(message.text());
    });
    this.page.on("request", (request) => {
      const own = request.url().startsWith(this.origin) || request.url().startsWith("blob:");
      if (!own) this.#faults.push(`asked elsewhere: ${request.url()}`);
    });
  }

  async close() {
    if (SCREENSHOTS) {
      const name = `${basename(process.argv[1], ".browser.test.mjs")}-${++closed}.png`;
      await this.page.screenshot({ path: join(SCREENSHOTS, name) });
    }
    await this.context.close();
    assert.deepEqual(this.#faults, []);
  }

  async goto(hash) {
    await this.page.goto(`${this.origin}/${hash}`);
  }

  // ---- What is there ----

  see(text, options) {
    return this.page.getByText(text, options).first().waitFor();
  }
  button(name, within = this.page) {
    return within.getByRole("button", { name, exact: typeof name === "string" });
  }
  field(name) {
    return this.page.getByLabel(name, { exact: typeof name === "string" });
  }
  get dialog() {
    return this.page.locator("dialog[open]").last();
  }
  get drawer() {
    return this.page.getByRole("complementary", { name: "Details" });
  }
  get searchField() {
    return this.page.getByRole("searchbox", { name: /^Search by/ });
  }
  row(source) {
    return this.page
      .locator("a[data-row]")
      .and(this.page.locator(`[data-row=${JSON.stringify(source)}]`));
  }
  // The source IDs that are listed, exactly.
  listed() {
    return this.page
      .locator("a[data-row]")
      .evaluateAll((links) => links.map((link) => link.dataset.row));
  }
  notice(text) {
    return this.page.locator(".notice", { hasText: text });
  }
  focused() {
    return this.page.evaluate(
      () => document.activeElement?.dataset.row ?? document.activeElement?.textContent,
    );
  }

  // ---- What users do ----

  press(...keys) {
    return keys.reduce(
      (done, key) => done.then(() => this.page.keyboard.press(key)),
      Promise.resolve(),
    );
  }
  async choose(menu, item) {
    await this.button(menu).click();
    await this.page.getByRole("menuitem", { name: item }).click();
  }
  async fill(fields) {
    for (const [name, value] of Object.entries(fields)) await this.field(name).fill(value);
  }
  // At the sign-in; returns when the server has let this user in.
  async signIn(token) {
    await this.field("Access token").fill(token);
    await this.press("Enter");
    await this.page.locator(".shell").waitFor();
  }
  async callMe(name) {
    await this.button("Set your name").click();
    await this.dialog.getByRole("textbox", { name: "Name" }).fill(name);
    await this.press("Enter");
    await this.button(name).waitFor();
  }
}

// As the address bar shows it.
export function linkTo({ integration, type = "orders" }, view = "", params = {}) {
  const query = new URLSearchParams(params).toString();
  return `#/i/${integration}/${type}${view && `/${view}`}${query && `?${query}`}`;
}
