// What is wrong with a page for those who use it by keyboard, by ear, in the dark or on a phone.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { DESKTOP, PHONE } from "./browser.mjs";

const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const LOOKS = {
  light: { ...DESKTOP, colorScheme: "light" },
  dark: { ...DESKTOP, colorScheme: "dark" },
  "on a phone": { ...PHONE, colorScheme: "light" },
};

// Scripts that the page's policy would refuse are run by the browser's own means.
export async function violations(page) {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(
    (rules) => window.axe.run(document, { runOnly: rules }),
    RULES,
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
export const overflows = (page) =>
  page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
