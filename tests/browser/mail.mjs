// Codes by mail, with letters that really arrive: by SMTP, over HTTP, and in the inbox of `authara dev`.

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { at, fill, PASSWORD, press, sees, serve, signIn, somebody, test, visit } from "./kit/browser.mjs";
import { code, http, inbox, letter, link, smtp } from "./kit/post.mjs";

const NEW_PASSWORD = "another horse battery";

const WAYS = { "a mail server": smtp, "a mail service over HTTP": http, "the inbox of dev": inbox };

for (const [name, way] of Object.entries(WAYS)) {
  test(`a person signs up and replaces a forgotten password with letters by ${name}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "authara-"));
    const post = await way(t, folder);
    const [page, scanner] = [await visit(t), await visit(t)];
    const site = { origin: await serve(post.settings, folder), folder };
    const email = somebody();

    await signUpWithCode(page, scanner, post, site, email);
    await page.goto(`${site.origin}/private`);
    await press(page, "Sign out");
    await resetPassword(page, scanner, post, site, email);

    const told = await letter(post, site, email, "Your password was changed");
    assert(!told.text.includes(NEW_PASSWORD) && !told.html.includes(NEW_PASSWORD));
    await signIn(page, site.origin, email, "/private", NEW_PASSWORD);
    await sees(page, email);
  });
}

/** Opens an account with the code as it is typed. */
async function signUpWithCode(page, scanner, post, site, email) {
  await page.goto(`${site.origin}/auth/signup?return_to=%2Fprivate`);
  await fill(page, email, PASSWORD);
  await press(page, "Sign up");
  at(page, "/auth/verify-challenge/signup");
  const mailed = await letter(post, site, email, "Confirm your e-mail address");
  await scan(scanner, mailed);

  await page.getByLabel("Code").fill(code(mailed) === "000000" ? "000001" : "000000");
  await press(page, "Continue");
  await page.getByLabel("Code").and(page.locator("[aria-invalid=true]")).waitFor();
  await page.getByLabel("Code").fill(code(mailed));
  await press(page, "Continue");
  at(page, "/private");
  await sees(page, email);
}

/** Replaces the password by following the link in the letter. */
async function resetPassword(page, scanner, post, site, email) {
  await page.goto(`${site.origin}/auth/login`);
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail address").fill(email);
  await press(page, "Send the code");
  at(page, "/auth/verify-challenge/password-reset");
  const mailed = await letter(post, site, email, "Choose a new password");
  await scan(scanner, mailed);

  await page.goto(link(mailed));
  assert.equal(await page.getByLabel("Code").inputValue(), code(mailed), "the link brings the code along");
  await page.getByLabel("New password", { exact: true }).fill(NEW_PASSWORD);
  await press(page, "Set the password");
  at(page, "/auth/login");
  await sees(page, "Your new password is set.");
  await page.goto(link(mailed));
  await sees(page, "Enter the code where you asked for it");
}

/** A mail scanner with a whole browser: it opens every link, runs scripts, and presses what is there to press. */
async function scan(page, mailed) {
  for (const [, address] of mailed.html.matchAll(/href="([^"]+)"/g)) {
    for (let times = 0; times < 2; times += 1) await page.goto(address, { waitUntil: "networkidle" });
    assert.equal(await page.getByLabel("Code").count(), 0, "there is nothing to enter");
    for (const button of await page.getByRole("main").getByRole("button").all()) await button.click();
  }
}
