// Clicks the way of a new user through the sample application of `authara dev` in a real browser,
// with scripts on and off, and takes a picture of each page: light and dark, narrow and wide.
//
//   npm install playwright-core    (in a folder of your own; run this from there or set NODE_PATH)
//   node flow.mjs http://localhost:8080 pictures
//
// CHROMIUM names the browser; /usr/bin/chromium without it.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

// From the current folder, so that nothing has to be installed beside this file.
const { chromium } = createRequire(join(process.cwd(), "package.json"))("playwright-core");

const [origin, pictures] = process.argv.slice(2);
assert(origin && pictures, "usage: node flow.mjs ORIGIN FOLDER");
mkdirSync(pictures, { recursive: true });

const PASSWORD = "correct horse battery";
const SIZES = [[390, 844], [1280, 800]];
const problems = [];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

/** Opens a browser of its own; whatever it complains about fails the run. */
async function visit(options, flow) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  page.on("pageerror", (error) => problems.push(`${page.url()}: ${error}`));
  page.on("console", (message) => {
    // The browser itself reports a refused form and a page that is not there, both meant.
    if (message.type() === "error" && !/status of (404|422)/.test(message.text())) {
      problems.push(`${page.url()}: ${message.text()}`);
    }
  });
  await flow(page, context);
  await context.close();
}

/** Takes pictures of a page as it stands and checks that nothing sticks out sideways. */
async function picture(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const [width, height] of SIZES) {
      await page.setViewportSize({ width, height });
      const path = join(pictures, `${name}-${colorScheme}-${width}.png`);
      await page.screenshot({ path, fullPage: true });
      const wide = await page.locator("html").evaluate((html) => html.scrollWidth);
      if (wide > width) problems.push(`${name} is ${wide} px wide at ${width}`);
    }
  }
}

const at = (page, path) => assert.equal(new URL(page.url()).pathname, path);
const sees = async (page, text) => page.getByText(text).first().waitFor();
const fill = async (page, email, password) => {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
};

/** The default flow, from stranger to signed in again. */
async function flow(page, context, run) {
  const email = `${run}-${Date.now()}@example.com`;
  const shoot = (name) => picture(page, `${run}-${name}`);

  await page.goto(`${origin}/`);
  await sees(page, "You are not signed in.");
  await shoot("1-home");

  // A stranger at the private page is asked to sign in, changes his mind, signs up, and gets there.
  await page.getByRole("navigation").getByRole("link", { name: "Private page" }).click();
  at(page, "/auth/login");
  await shoot("2-sign-in");
  await fill(page, email, "not the password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
  await shoot("3-sign-in-refused");
  await page.getByRole("main").getByRole("link", { name: "Sign up" }).click();
  at(page, "/auth/signup");
  await shoot("4-sign-up");
  await fill(page, email, PASSWORD);
  await page.getByRole("button", { name: "Sign up" }).click();
  at(page, "/private");
  await sees(page, email);
  await shoot("5-private");

  await page.reload();
  at(page, "/private");
  await page.getByRole("link", { name: "Sample application" }).click();
  at(page, "/");
  await sees(page, `You are signed in as ${email}.`);
  await shoot("6-home-signed-in");

  await page.getByRole("navigation").getByRole("link", { name: "Account" }).click();
  at(page, "/auth/account");
  await sees(page, "This session");
  await shoot("7-account");

  const answer = await context.request.get(`${origin}/auth/api/v1/user`);
  assert.equal(answer.status(), 200);
  assert(JSON.stringify(await answer.json()).includes(email), "the JSON routes know the same person");

  await page.getByRole("link", { name: "Back to the application" }).click();
  at(page, "/");
  await page.getByRole("link", { name: "Open the private page" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  at(page, "/");
  await sees(page, "You are not signed in.");
  assert.equal((await context.request.get(`${origin}/auth/api/v1/user`)).status(), 401);

  await page.goto(`${origin}/private`);
  at(page, "/auth/login");
  await fill(page, email, PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  at(page, "/private");
  await sees(page, email);

  // The access token has run out, the session has not.
  await context.clearCookies({ name: "authara_access" });
  await page.goto(`${origin}/`);
  await sees(page, "Continue to get a new one.");
  await shoot("8-home-later");
  await page.getByRole("link", { name: "Continue" }).click();
  at(page, "/");
  await sees(page, `You are signed in as ${email}.`);

  await page.goto(`${origin}/nothing`);
  await sees(page, "Page not found");
  await shoot("9-nothing");
}

await visit({}, (page, context) => flow(page, context, "scripts"));
await visit({ javaScriptEnabled: false }, (page, context) => flow(page, context, "plain"));
await browser.close();

assert.deepEqual(problems, []);
console.log(`both flows work; pictures are in ${pictures}`);
