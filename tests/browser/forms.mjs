// What makes a form pleasant: what was typed stays, the focus goes to what is wrong or comes first, nothing
// is sent twice, a password can be looked at, and whoever has signed out has left nothing behind.

import assert from "node:assert/strict";

import { at, fill, launch, PASSWORD, press, sees, serve, signUp, somebody, test, visit } from "./kit/browser.mjs";

const origin = await serve();
const email = (page) => page.getByLabel("E-mail address");
const password = (page) => page.getByLabel("Password", { exact: true });

const hasFocus = (where) => where.evaluate((element) => element === document.activeElement);

test("what is wrong with one field is said once, at the field, which has the focus", async (t) => {
  const page = await visit(t);
  const typed = somebody();

  await page.goto(`${origin}/auth/signup`);
  await fill(page, typed, "short");
  await press(page, "Sign up");
  const problem = page.getByText("The password must have at least 8 characters.");
  await problem.waitFor();

  assert.equal(await email(page).inputValue(), typed);
  assert.equal(await password(page).inputValue(), "");
  assert(await hasFocus(password(page)), "the field has the focus");
  assert.match(await page.title(), /^Error/);
  assert.equal(await problem.count(), 1);
  assert.equal(await page.getByRole("alert").count(), 0, "no summary repeats it");
  const described = await password(page).getAttribute("aria-describedby");
  assert(described.split(" ").includes(await problem.getAttribute("id")), "the field says it");
});

test("what is wrong with several fields is summed up, and the summary has the focus", async (t) => {
  const page = await visit(t);

  await page.goto(`${origin}/auth/signup`);
  await press(page, "Sign up");
  const summary = page.getByRole("alert");
  await summary.waitFor();

  assert(await summary.evaluate((alert) => document.activeElement.contains(alert)), "the summary has the focus");
  const link = summary.getByRole("link", { name: await page.locator("#password-problem").textContent() });
  await link.click();
  assert(await hasFocus(password(page)), "the summary leads to the field");
});

test("the first field has the focus when a form is opened", async (t) => {
  const page = await visit(t);

  for (const path of ["/auth/login", "/auth/signup"]) {
    await page.goto(origin + path);
    assert(await hasFocus(email(page)), path);
  }
  await signUp(page, origin, "/auth/account");
  assert(await hasFocus(page.locator("body")), "no form is open there");
  await page.goto(`${origin}/auth/providers/password/change`);
  assert(await hasFocus(page.getByLabel("Current password")));
});

for (const javaScriptEnabled of [true, false]) {
  const scripts = javaScriptEnabled ? "with scripts" : "without scripts";

  test(`an address that is taken leads to the sign-in page and on, ${scripts}`, async (t) => {
    const [page, other] = [await visit(t, { javaScriptEnabled }), await visit(t)];
    const taken = await signUp(other, origin);

    await page.goto(`${origin}/auth/signup?return_to=%2Fprivate`);
    await fill(page, taken, PASSWORD);
    await press(page, "Sign up");
    assert.equal(await page.getByText("This address cannot be used to sign up").count(), 1);
    await page.getByRole("link", { name: "sign in instead" }).click();
    at(page, "/auth/login");
    assert.equal(await email(page).inputValue(), javaScriptEnabled ? taken : "", "what was typed comes along");
    assert(!page.url().includes("@") && !page.url().includes("%40"), "no address in an address");
    await fill(page, taken, PASSWORD);
    await press(page, "Sign in");

    at(page, "/private");
  });
}

test("an empty form is refused at each field without scripts", async (t) => {
  const page = await visit(t, { javaScriptEnabled: false });

  await page.goto(`${origin}/auth/login`);
  await page.locator("form").evaluateAll((forms) => forms.forEach((form) => (form.noValidate = true)));
  await press(page, "Sign in");
  const links = page.getByRole("alert").getByRole("link");

  assert.equal(await links.count(), 2);
  for (const field of [email(page), password(page)]) {
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    await page.getByRole("alert").locator(`a[href="#${await field.getAttribute("id")}"]`).waitFor();
  }
});

test("password managers are told what each field is for", async (t) => {
  const page = await visit(t);
  const is = async (field, use) => assert.equal(await field.getAttribute("autocomplete"), use);

  await page.goto(`${origin}/auth/login`);
  await is(email(page), "username");
  await is(password(page), "current-password");
  await signUp(page, origin, "/auth/account");
  await page.goto(`${origin}/auth/providers/password/change`);
  await is(page.getByLabel("Current password"), "current-password");
  await is(page.getByLabel("New password"), "new-password");
  await is(page.locator("input[type=email]"), "username");
});

test("a form that is on its way is not sent again", async (t) => {
  const page = await visit(t);

  await page.goto(`${origin}/auth/signup`);
  await fill(page, somebody(), PASSWORD);
  await page.evaluate(() => {
    globalThis.sent = 0;
    addEventListener("submit", (event) => {
      if (!event.defaultPrevented) globalThis.sent += 1;
      event.preventDefault();
    });
  });
  await press(page, "Sign up");
  await press(page, "Sign up");
  await password(page).press("Enter");

  assert.equal(await page.evaluate(() => globalThis.sent), 1);
  assert.equal(await page.locator("button[aria-busy=true]").count(), 1);
});

test("a password can be looked at, and leaves as a password", async (t) => {
  const page = await visit(t);

  await page.goto(`${origin}/auth/login`);
  await fill(page, somebody(), PASSWORD);
  await page.getByRole("button", { name: "Show password", pressed: false }).click();
  assert.equal(await password(page).getAttribute("type"), "text");
  await page.getByRole("button", { name: "Show password", pressed: true }).click();
  assert.equal(await password(page).getAttribute("type"), "password");

  await page.getByRole("button", { name: "Show password" }).click();
  await password(page).evaluate((field) => {
    field.form.addEventListener("submit", (event) => {
      event.preventDefault();
      field.form.dataset.left = field.type;
    });
  });
  await password(page).press("Enter");
  await page.locator("form[data-left=password]").waitFor();
});

test("a form whose answer never comes can be sent again", async (t) => {
  const page = await visit(t);
  await page.clock.install();
  await page.goto(`${origin}/auth/login`);
  // A browser stays where it is when the answer has no page.
  await page.route("**/auth/login", (route) => route.fulfill({ status: 204 }));
  await fill(page, somebody(), PASSWORD);
  await press(page, "Sign in");
  assert.equal(await page.locator("button[aria-busy=true]").count(), 1);

  await page.clock.runFor(10_000);

  assert.equal(await page.locator("button[aria-busy=true]").count(), 0);
});

test("without scripts there is no button that does nothing", async (t) => {
  const page = await visit(t, { javaScriptEnabled: false });

  await page.goto(`${origin}/auth/login`);

  assert.equal(await page.locator("button[type=button]:visible").count(), 0);
});

test("a question can be left, and gives the focus back", async (t) => {
  const page = await visit(t);
  const button = page.getByRole("button", { name: "End all other sessions" });
  const question = page.getByRole("dialog", { name: "End all other sessions?" });
  const has = (where) => where.evaluate((element) => element.contains(document.activeElement));

  await page.goto(`${origin}/auth/dev/pages/account/notice`);
  for (const leave of [() => page.keyboard.press("Escape"), () => press(page, "Cancel")]) {
    await button.focus();
    await page.keyboard.press("Enter");
    await question.waitFor();
    assert(await has(question.getByRole("button", { name: "Cancel" })), "the button that changes nothing has the focus");
    await leave();
    await question.waitFor({ state: "hidden" });
    assert(await has(button), "the button has the focus again");
  }
  assert.equal(new URL(page.url()).pathname, "/auth/dev/pages/account/notice", "nothing was sent");
});

test("a question is asked again when its answer came to nothing", async (t) => {
  const page = await visit(t);
  await page.clock.install();
  await page.goto(`${origin}/auth/dev/pages/account/notice`);
  let sent = 0;
  await page.route("**/auth/sessions/revoke-other", (route) => {
    sent += 1;
    return route.fulfill({ status: 204 });
  });
  const question = page.getByRole("dialog");
  const confirm = question.getByRole("button", { name: "End all other sessions" });

  await press(page, "End all other sessions");
  await confirm.click();
  await question.waitFor({ state: "hidden" });
  await page.clock.runFor(10_000);
  await press(page, "End all other sessions");

  await question.waitFor();
  assert.equal(sent, 1, "one answer sends once");
});

test("after signing out, the back button shows no account", async (t) => {
  // With the memory of pages gone by, as people have it; Playwright switches that off.
  const browser = await launch({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
  t.after(() => browser.close());
  const page = await visit(t, {}, browser);

  // Chromium forgets such pages once the cookies change, but not the one that signing up led to.
  const address = await signUp(page, origin, "/auth/account");
  await sees(page, address);
  await press(page, "Sign out");
  at(page, "/");
  await page.evaluate(() => history.back());
  await page.waitForURL("**/auth/login*");

  assert(!(await page.content()).includes(address));
});
