// How long a user of the References page waits, in a real Chromium, from the key or click to the rows:
// node bench/console_page.mjs HOST:PORT INTEGRATION FILE-OF-IDS   (after npm ci in tests/console)
import { readFileSync } from "node:fs";

import { chromium } from "../tests/console/node_modules/playwright-core/index.mjs";

const [server, integration, file] = process.argv.slice(2);
const ids = readFileSync(file, "utf8").trim().split("\n").slice(1);
const ROUNDS = 15;
const randomId = () => ids[Math.floor(Math.random() * ids.length)];

const browser = await chromium.launch({
  executablePath: process.env.XREF_TEST_CHROMIUM ?? "/usr/bin/chromium-headless-shell",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"],
});
const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();

// Measured within the page, by its own clock: `act` until the first row shows `expected`, or any row.
const timed = (act, expected) =>
  page.evaluate(
    async ([source, text]) => {
      const begun = performance.now();
      new Function(source)();
      for (;;) {
        await new Promise(requestAnimationFrame);
        const row = document.querySelector("tbody tr");
        if (row && (!text || row.textContent.includes(text))) return performance.now() - begun;
        if (performance.now() - begun > 20_000) throw new Error(`no row with ${text} in 20 s`);
      }
    },
    [act, expected],
  );
const link = (type) => `location.hash = "#/i/${integration}/${type}"`;
const type = (text) => `
  const field = document.querySelector('input[type="search"]');
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(field, ${JSON.stringify(text)});
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));`;

const took = { "first page": [], "search, a whole ID": [], "search, 6 digits": [] };
await page.goto(`http://${server}/#/i/${integration}/stock`);
for (let round = 0; round < ROUNDS; ++round) {
  const [id, other] = [randomId(), randomId()];
  await page.evaluate(link("stock"));
  await page.waitForFunction(() => !document.querySelector("tbody tr"));
  took["first page"].push(await timed(link("orders")));
  took["search, a whole ID"].push(await timed(type(id), id));
  took["search, 6 digits"].push(await timed(type(other.slice(0, 6)), other.slice(0, 6)));
}
await browser.close();
for (const [what, times] of Object.entries(took)) {
  times.sort((a, b) => a - b);
  console.log(`${what.padEnd(20)} median ${times[ROUNDS >> 1].toFixed(0)} ms, slowest of ${ROUNDS} ${times.at(-1).toFixed(0)} ms`);
}
