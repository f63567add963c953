// Every page in every state and language: no fault that axe can find, in light and dark; nothing sticks
// out; one heading, a title, the right language; nothing is lost with forced colours.

import assert from "node:assert/strict";

import { faults } from "./kit/axe.mjs";
import { DESKTOP, PHONE, press, serve, test, visit } from "./kit/browser.mjs";
import { overflow } from "./kit/layout.mjs";
import { address, LANGUAGES, states } from "./kit/states.mjs";

const origin = await serve();
const all = await states(origin);

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

test("the focus is one ring, not one around another", async (t) => {
  for (const colorScheme of ["light", "dark"]) await walk(t, {}, { colorScheme }, (page) => page.evaluate(rings));
});

for (const viewport of [PHONE.viewport, DESKTOP.viewport]) {
  test(`buttons have one size and one order at ${viewport.width} px`, (t) =>
    walk(t, {}, { viewport }, async (page) => [
      ...(await page.evaluate(buttons)),
      ...((await page.evaluate(openQuestion)) ? await page.evaluate(buttons) : []),
    ]));
}

test("on a phone one can sign out beside the title of the account page", async (t) => {
  for (const language of LANGUAGES) {
    const page = await visit(t, PHONE);
    for (const state of ["account/alone", "account/long"]) {
      await page.goto(address(origin, state, { language }));
      const title = await page.locator("h1").boundingBox();
      const button = await page.locator("form[action='/auth/sessions/logout'] button").boundingBox();
      const middle = button.y + button.height / 2;
      const isBeside = button.x >= title.x + title.width && middle > title.y - 16 && middle < title.y + title.height + 16;
      assert(isBeside, `${language}: ${state}`);
    }
  }
});

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

/** What has a border of its own inside the ring of the focus, in the page. */
function rings() {
  const found = [];
  for (const element of document.querySelectorAll("a[href], button, input, select, summary, [tabindex]")) {
    if (!element.checkVisibility()) continue;
    element.focus({ focusVisible: true });
    const style = getComputedStyle(element);
    const hasBorder = Number.parseFloat(style.borderTopWidth) > 0 && !/, 0\)$/.test(style.borderTopColor);
    const isCovered = -Number.parseFloat(style.outlineOffset) >= Number.parseFloat(style.borderTopWidth);
    if (document.activeElement !== element) found.push(`no focus: ${element.outerHTML.slice(0, 120)}`);
    if (style.outlineStyle !== "none" && hasBorder && !isCovered) {
      found.push(`two rings: ${element.outerHTML.slice(0, 120)}`);
    }
  }
  return found;
}

/** Opens the question of a page, if it has one, in the page; says whether it has. */
function openQuestion() {
  const dialog = document.querySelector("dialog");
  dialog?.showModal();
  return dialog !== null;
}

/** Buttons of another size than the rest, or before the one that goes on, in the page. */
function buttons() {
  const found = [];
  const name = (element) => `${element.textContent.trim()} (${element.className})`;
  const isSeen = (element) => element.checkVisibility() && !element.matches(".reveal");
  const within = (element) => [...element.querySelectorAll("button, .button")].filter(isSeen);
  const card = document.body.matches(".narrow") ? document.querySelector(".card") : undefined;
  for (const button of within(document.querySelector("main"))) {
    const { height, width } = button.getBoundingClientRect();
    const lines = Math.round((height - 18) / 24);
    if (Math.abs(height - (lines < 2 ? 44 : 18 + 24 * lines)) > 1) found.push(`${name(button)} is ${height} px high`);
    if (!card) continue;
    const { paddingLeft, paddingRight } = getComputedStyle(card);
    const room = card.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight);
    if (Math.abs(width - room) > 1) found.push(`${name(button)} is ${width} px wide, not ${room}`);
  }
  for (const actions of document.querySelectorAll("main .actions")) {
    const isQuiet = within(actions).map((button) => button.matches(".quiet"));
    const isMixed = isQuiet.some((quiet) => !quiet) && !actions.closest("[aria-labelledby=buttons]");
    if (isMixed && isQuiet.lastIndexOf(false) > isQuiet.indexOf(true) && isQuiet.includes(true)) {
      found.push(`the quiet one is first: ${within(actions).map(name).join(", ")}`);
    }
  }
  return found;
}

/** What one cannot see with forced colours, or moves in spite of all, in the page. */
function forced() {
  const found = [];
  for (const actions of document.querySelectorAll("main .actions")) {
    const fills = (selector) => [...actions.querySelectorAll(selector)].map((it) => getComputedStyle(it).backgroundColor);
    const quiet = fills(".quiet");
    if (fills(":is(button, .button):not(.quiet)").some((fill) => quiet.includes(fill))) {
      found.push(`not told apart: ${actions.textContent.trim()}`);
    }
  }
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
