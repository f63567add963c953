// The way through the sample application without a mouse: Tab, Shift+Tab, Enter and Space, and
// wherever the focus goes one can see it.

import assert from "node:assert/strict";

import { at, PASSWORD, sees, serve, somebody, test, visit } from "./kit/browser.mjs";
import { showsFocus } from "./kit/layout.mjs";

test("the whole flow works with the keyboard alone", async (t) => {
  const [origin, page] = await Promise.all([serve(), visit(t, { reducedMotion: "reduce" })]);
  const email = somebody();

  await page.goto(`${origin}/`);
  await open(page, "Private page", "/auth/login");
  // The first field has the focus.
  await page.keyboard.type(email);
  await goTo(page, "Password");
  await page.keyboard.type("not the password");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();

  await open(page, "Sign up", "/auth/signup");
  assert.equal(await page.evaluate(nameOfFocus), "E-mail address");
  await page.keyboard.press("Control+A");
  await page.keyboard.type(email);
  await goTo(page, "Password");
  await page.keyboard.type(PASSWORD);
  await choose(page, "Sign up", "Space", "/private");

  await open(page, "Account", "/auth/account");
  await open(page, "Change password", "/auth/providers/password/change");
  await goTo(page, "Current password");
  await page.keyboard.type("not the password");
  await goTo(page, "New password");
  await page.keyboard.type("short");
  await page.keyboard.press("Enter");
  await page.locator(".problem").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-invalid")), "true");
  await showsFocus(page);
  // Of several fields there is a summary, which leads to each.
  await goTo(page, "Change password");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-invalid")), "true");
  await showsFocus(page);
  await goTo(page, "Current password");
  await page.keyboard.type(PASSWORD);
  await goTo(page, "New password");
  await page.keyboard.type(`${PASSWORD} 2`);
  await page.keyboard.press("Enter");
  await page.getByRole("status").waitFor();
  at(page, "/auth/account");

  await choose(page, "Sign out", "Enter", "/");
  await sees(page, "You are not signed in");
});

test("one can skip to the content, and go backwards", async (t) => {
  const [origin, page] = await Promise.all([serve(), visit(t, { colorScheme: "dark", reducedMotion: "reduce" })]);

  await page.goto(`${origin}/auth/login`);
  await goTo(page, "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.localName), "main");
  await goTo(page, "Password");
  await goTo(page, "E-mail address", "Shift+Tab");
});

/** Follows a link. */
const open = (page, name, path) => choose(page, name, "Enter", path);

/** Goes to a link or button, presses a key on it, and arrives at `path`. */
async function choose(page, name, key, path) {
  await goTo(page, name);
  await Promise.all([page.waitForURL((url) => url.pathname === path), page.keyboard.press(key)]);
}

/** Presses Tab until the focus is on what has this name, and looks at the focus on each stop. */
async function goTo(page, name, key = "Tab") {
  const passed = [];
  while (passed.length < 40) {
    await page.keyboard.press(key);
    const here = await page.evaluate(nameOfFocus);
    if (here === undefined) continue;
    await showsFocus(page);
    if (here === name) return;
    passed.push(here);
  }
  assert.fail(`${name} is not reached: ${passed.join(", ")}`);
}

/** The name of what has the focus, in the page; none beyond its last stop. */
function nameOfFocus() {
  const element = document.activeElement;
  if (element === document.body) return undefined;
  const words = element.getAttribute("aria-label") ?? (element.labels?.[0] ?? element).textContent;
  return words.trim().replaceAll(/\s+/g, " ");
}
