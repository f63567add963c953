// Every page in every state and language: no fault that axe can find, in light and dark; nothing sticks
// out; one heading, a title, the right language; nothing is lost with forced colours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

import { press, require, serve, test, visit } from "./kit/browser.mjs";
import { overflow } from "./kit/layout.mjs";
import { address, LANGUAGES, states } from "./kit/states.mjs";

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const origin = await serve();
const all = await states(origin);

/** What axe finds, in words. */
async function faults(page) {
  await page.evaluate(AXE);
  return page.evaluate(async (values) => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: { type: "tag", values },
      resultTypes: ["violations"],
    });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  }, TAGS);
}

/** Looks at every state and asserts that `find` finds nothing there. */
async function walk(t, variant, options, find) {
  const found = [];
  const page = await visit(t, options);
  for (const state of all) {
    await page.goto(address(origin, state, variant));
    const what = await find(page);
    if (what.length) found.push([state, ...what]);
  }
  assert.deepEqual(found, []);
}

for (const language of LANGUAGES) {
  test(`every page is as it should be in ${language}`, (t) =>
    walk(t, { language, theme: "light" }, {}, async (page) => [
      ...(await page.evaluate(frame, language)),
      ...(await faults(page)),
      ...(await overflow(page)),
    ]));
}

// Letters of another script are drawn with other fonts; what is light or dark does not depend on words.
for (const language of ["en", "zh-Hans"]) {
  test(`axe finds nothing in dark in ${language}`, (t) => walk(t, { language, theme: "dark" }, {}, faults));
}

test("axe finds nothing in an open question or menu", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const page = await visit(t, { colorScheme });
    await page.goto(address(origin, "account/notice"));
    await page.getByRole("contentinfo").locator("summary").click();
    assert.deepEqual(await faults(page), [], "menu");
    await page.keyboard.press("Escape");
    await press(page, "End all other sessions");
    await page.getByRole("dialog").waitFor();
    assert.deepEqual(await faults(page), [], "question");
  }
});

test("with forced colours and less motion, words and focus are still to be seen", (t) =>
  walk(t, {}, { forcedColors: "active", reducedMotion: "reduce" }, (page) => page.evaluate(forced)));

test("what is wrong is found", async (t) => {
  const page = await visit(t, { bypassCSP: true });
  await page.goto(address(origin, all[0]));
  await page.evaluate(() => {
    document.documentElement.lang = "tlh";
    const wrong = '<h1>Again</h1><div><a href="/1">1</a><a href="/2">2</a></div><p>pale</p><style>main p { color: #888 }</style>';
    document.querySelector("main").insertAdjacentHTML("afterbegin", wrong);
    document.querySelector("main").prepend(new Image(2000, 1));
  });

  assert.equal((await page.evaluate(frame, "en")).length, 3);
  assert.match((await overflow(page)).join(), /at 320 px.*<img/);
  const found = (await faults(page)).join();
  for (const rule of ["image-alt", "target-size", "color-contrast"]) assert.match(found, new RegExp(rule));
});

/** What is wrong with the frame of a page, in the page. */
function frame(language) {
  const found = [];
  const root = document.documentElement;
  if (root.lang !== language) found.push(`its language is ${root.lang}`);
  if (document.title.trim() === "") found.push("it has no title");
  const headings = document.querySelectorAll("h1").length;
  if (headings !== 1) found.push(`it has ${headings} headings`);
  for (const element of document.querySelectorAll("*")) {
    const isInline = element.localName === "style" || (element.localName === "script" && !element.src);
    const inline = [...element.attributes].filter(({ name }) => name === "style" || name.startsWith("on"));
    if (isInline || inline.length) found.push(`inline: ${element.outerHTML.slice(0, 120)}`);
  }
  return found;
}

/** What one cannot see with forced colours, or moves in spite of all, in the page. */
function forced() {
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const style = getComputedStyle(element);
    const hasWords = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (hasWords && style.color === style.backgroundColor) found.push(`unseen: ${element.outerHTML.slice(0, 120)}`);
    const moves = [style.animationDuration, style.transitionDuration].some((time) => Number.parseFloat(time) > 0.01);
    if (moves) found.push(`moves: ${element.outerHTML.slice(0, 120)}`);
    if (element.matches("a[href], button, input, select, summary") && element.checkVisibility()) {
      element.focus({ focusVisible: true });
      const { outlineStyle } = getComputedStyle(element);
      if (document.activeElement === element && outlineStyle === "none") {
        found.push(`no focus: ${element.outerHTML.slice(0, 120)}`);
      }
    }
  }
  return found;
}
