// What axe finds on a page.

import { readFileSync } from "node:fs";

import { require } from "./browser.mjs";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/** What axe finds in the page as it stands, in words; `more` rules than those of WCAG. */
export async function faults(page, more = ["best-practice"]) {
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: { type: "tag", values },
      resultTypes: ["violations"],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  }, [...RULES, ...more]);
}
