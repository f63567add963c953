// The way of a new user once more, in Firefox.

import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";

import { at, PASSWORD, require, serve, somebody, test } from "./kit/browser.mjs";

const origin = await serve();
const browser = await require("puppeteer-core").launch({
  browser: "firefox",
  executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
  extraPrefsFirefox: { "intl.accept_languages": "en" },
});
after(() => browser.close());
// Unlike Chromium it outlives whoever started it; `scripts/browser` ends it if this run is stopped.
appendFileSync(join(tmpdir(), "pids"), `${browser.process().pid}\n`);

test("the flow works in Firefox", async (t) => {
  const [page, other] = [await visit(t), await visit(t)];
  const email = somebody();

  await page.goto(`${origin}/private`);
  at(page, "/auth/login");
  await fill(page, { email, password: "not the password" }, "Sign in");
  // Only the page in front gets to set its focus.
  await page.bringToFront();
  await page.waitForFunction(() => document.activeElement.matches(".summary"));
  assert.equal(await page.$eval("[name=email]", (field) => field.value), email);
  await follow(page, "main a", "Sign up");
  await fill(page, { email, password: PASSWORD }, "Sign up");
  at(page, "/private");
  assert((await page.content()).includes(email));

  await other.goto(`${origin}/auth/login?return_to=%2Fauth%2Faccount`);
  await fill(other, { email, password: PASSWORD }, "Sign in");
  at(other, "/auth/account");
  await page.goto(`${origin}/auth/account`);
  await press(page, "form button", "End all other sessions");
  await follow(page, "dialog button", "End all other sessions");
  assert.equal((await page.$$("[role=status]")).length, 1);
  await other.reload();
  at(other, "/auth/login");

  await page.goto(`${origin}/auth/providers/password/change`);
  await fill(page, { current_password: PASSWORD, new_password: `${PASSWORD} 2` }, "Change password");
  at(page, "/auth/account");
  await follow(page, "button", "Sign out");
  at(page, "/");
  await page.goBack();
  at(page, "/auth/login");
  assert(!(await page.content()).includes(email), "the back button shows no account");
});

/** Opens a page in a profile of its own; what Firefox complains about fails the test `t`. */
async function visit(t) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.evaluateOnNewDocument(() => {
    document.addEventListener("securitypolicyviolation", (event) => console.error(`violated: ${event.violatedDirective}`));
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, [], "the browser complains");
  });
  return page;
}

/** Fills in fields by their names and presses the button. */
async function fill(page, values, name) {
  for (const [field, value] of Object.entries(values)) {
    await page.$eval(`[name=${field}]`, (input) => (input.value = ""));
    await page.type(`[name=${field}]`, value);
  }
  await follow(page, "main button", name);
}

/** Presses what is called so, and waits for the page it leads to. */
const follow = (page, selector, name) => Promise.all([page.waitForNavigation(), press(page, selector, name)]);

/** Presses what is called so. */
async function press(page, selector, name) {
  for (const element of await page.$$(selector)) {
    if ((await element.evaluate((it) => it.textContent.trim())) === name) return element.click();
  }
  return assert.fail(`there is no ${name} on ${page.url()}`);
}
