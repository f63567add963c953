// The way of a new user through the sample application, with everything one can do on it. Used by the
// tests (`flow.mjs`) and for pictures: `look` is called with each page as it stands.

import assert from "node:assert/strict";

import { at, cookie, fill, PASSWORD, press, sees, signIn, somebody } from "./browser.mjs";

const NEW_PASSWORD = "another horse battery";

/** Goes the whole way in `page`; `other` is a page in a second browser. */
export async function wholeFlow({ page, other, origin, look }) {
  const email = somebody();
  await arrive(page, origin, email, look);
  await secondBrowser(page, other, origin, email, look);
  await changePassword(page, other, origin, email, look);
  await leaveAndComeBack(page, origin, email, look);
  await rename(page, origin, look);
  await deleteAccount(page, origin, look);
  await page.goto(`${origin}/nothing`);
  await sees(page, "Page not found");
  await look("nothing");
}

/** A stranger at the private page is asked to sign in, signs up instead, and gets there. */
async function arrive(page, origin, email, look) {
  await page.goto(`${origin}/`);
  await sees(page, "You are not signed in");
  await look("home");

  await page.getByRole("navigation").getByRole("link", { name: "Private page" }).click();
  at(page, "/auth/login");
  await look("sign-in");
  await fill(page, email, "not the password");
  await press(page, "Sign in");
  await page.getByRole("alert").waitFor();
  assert.equal(await page.getByLabel("E-mail address").inputValue(), email, "what was typed stays");
  await look("sign-in-refused");

  await page.getByRole("main").getByRole("link", { name: "Sign up" }).click();
  at(page, "/auth/signup");
  await look("sign-up");
  await fill(page, email, "short");
  await press(page, "Sign up");
  const field = page.getByLabel("Password", { exact: true });
  await refused(field);
  await look("sign-up-refused");
  await fill(page, email, PASSWORD);
  await press(page, "Sign up");
  at(page, "/private");
  await sees(page, email);
  await look("private");

  await page.reload();
  at(page, "/private");
  await page.getByRole("link", { name: "Sample application" }).click();
  at(page, "/");
  await sees(page, email);
  await look("home-signed-in");
}

/** Every way to end the session of another browser. */
async function secondBrowser(page, other, origin, email, look) {
  await page.getByRole("navigation").getByRole("link", { name: "Account" }).click();
  at(page, "/auth/account");
  assert.equal(await sessions(page).count(), 1);
  await look("account");
  const answer = await page.context().request.get(`${origin}/auth/api/v1/user`);
  assert.equal((await answer.json()).email, email, "the JSON routes know the same person");

  await signIn(other, origin, email, "/auth/account");
  await page.reload();
  assert.equal(await sessions(page).count(), 2);
  await look("account-two-sessions");
  await page.getByRole("button", { name: /^End session / }).click();
  await page.getByRole("status").waitFor();
  await look("account-session-ended");
  await isOut(other, origin);

  await signIn(other, origin, email, "/auth/account");
  await page.reload();
  await press(page, "End all other sessions");
  // With scripts there is a question first.
  const question = page.getByRole("dialog");
  if (await question.isVisible()) {
    await look("account-end-others");
    await question.getByRole("button", { name: "End all other sessions" }).click();
  }
  await page.getByText(/other session has ended/).waitFor();
  assert.equal(await sessions(page).count(), 1);
  await isOut(other, origin);
}

/** A new password ends every other session and is asked for from then on. */
async function changePassword(page, other, origin, email, look) {
  await signIn(other, origin, email, "/auth/account");
  await page.getByRole("link", { name: "Change password" }).click();
  await look("change-password");
  await page.getByLabel("Current password").fill("not the password");
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await press(page, "Change password");
  await refused(page.getByLabel("Current password"));
  await look("change-password-refused");
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password").fill(NEW_PASSWORD);
  await press(page, "Change password");
  at(page, "/auth/account");
  await page.getByRole("status").waitFor();
  await isOut(other, origin);
}

/** Signing out, signing in again, and an access token that has run out in between. */
async function leaveAndComeBack(page, origin, email, look) {
  await page.goto(`${origin}/private`);
  await press(page, "Sign out");
  at(page, "/");
  await sees(page, "You are not signed in");
  assert.equal((await page.context().request.get(`${origin}/auth/api/v1/user`)).status(), 401);

  await signIn(page, origin, email, "/private", NEW_PASSWORD);
  await sees(page, email);
  await page.context().clearCookies({ name: cookie(origin, "access") });
  await page.goto(`${origin}/`);
  await look("home-later");
  await page.getByRole("link", { name: "Continue", exact: true }).click();
  at(page, "/");
  await sees(page, email);
}

/** Another username, after one that cannot be. */
async function rename(page, origin, look) {
  await page.goto(`${origin}/auth/account`);
  const field = page.getByLabel("Username");
  await page.getByText("Change username").click();
  await field.fill("no spaces");
  await press(page, "Save username");
  await refused(field);
  assert.equal(await field.inputValue(), "no spaces", "what was typed stays");
  await look("account-username-refused");
  await field.fill("Countess");
  await press(page, "Save username");
  await page.getByRole("status").waitFor();
  await sees(page, "Countess");
}

/** The end of it all. */
async function deleteAccount(page, origin, look) {
  await page.getByRole("link", { name: "Delete account" }).click();
  await look("delete-account");
  await press(page, "Delete account for good");
  await sees(page, "Your account has been deleted");
  await look("account-deleted");
  await isOut(page, origin);
}

/** The rows of the session list. */
const sessions = (page) => page.getByRole("listitem").filter({ hasText: /Active now|Last used/ });

/** Waits until a field says that it was refused. */
const refused = (field) => field.and(field.page().locator("[aria-invalid=true]")).waitFor();

/** Asserts that a browser is sent to the sign-in page. */
async function isOut(page, origin) {
  await page.goto(`${origin}/auth/account`);
  at(page, "/auth/login");
}
