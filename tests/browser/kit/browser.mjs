// What the browser tests share: a server of one's own, a real browser, and a watch over both.
// Run by `scripts/browser`, which installs the packages and says where they and the server are.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as runner from "node:test";

/** Finds the packages by NODE_PATH, so that nothing is installed beside these files. */
export const require = createRequire(import.meta.url);

/** A test; one that hangs fails. */
export const test = (name, body) => runner.test(name, { timeout: 300_000 }, body);

export const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
export const DESKTOP = { viewport: { width: 1280, height: 800 } };
export const PASSWORD = "correct horse battery";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

// They outlive the pages of every test: what a page still asks for when its test is over would be cut off.
const servers = [];
runner.after(async () => {
  for (const { child, ended } of servers) {
    child.kill("SIGKILL");
    await ended;
  }
});

/**
 * Starts `authara dev` with these settings in a folder of its own, since what is tried wrong too often in
 * one place is refused there; returns its origin. It ends with the file.
 */
export async function serve(settings = {}, folder = mkdtempSync(join(tmpdir(), "authara-"))) {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, "settings.env"), lines.join(""));
  const child = spawn(process.env.AUTHARA, ["dev", "--port", "0", "--env-file", "settings.env"], {
    cwd: folder,
    env: {},
    stdio: ["ignore", "pipe", "pipe"],
  });
  servers.push({ child, ended: new Promise((resolve) => child.once("exit", resolve)) });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  for await (const text of child.stdout.iterator({ destroyOnReturn: false })) {
    const [origin] = /http:\/\/localhost:\d+(?=\/)/.exec((said += text)) ?? [];
    if (origin) {
      child.stdout.resume();
      return origin;
    }
  }
  throw new Error(`authara dev ended: ${said}`);
}

/** The name of a cookie of a server that runs at `origin`: its port is in it. */
export const cookie = (origin, name) => `${new URL(origin).port}-authara_${name}`;

let launched;
runner.after(async () => (await launched)?.close());

/** The Chromium of this file. */
export const chromium = () => (launched ??= launch());

/** A Chromium apart, for who needs other `options`; its caller closes it. */
export function launch(options) {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return require("playwright-core").chromium.launch({ executablePath, args: ARGUMENTS, ...options });
}

/**
 * Opens a page in a browser profile of its own, for the test `t`. Whatever the browser complains
 * about fails the test: an error in a script, a violated policy, a file that is not there.
 */
export async function visit(t, options, browser) {
  const context = await (await (browser ?? chromium())).newContext({ ...DESKTOP, ...options });
  context.setDefaultTimeout(60_000);
  const complaints = watch(context);
  const page = await context.newPage();
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, [], "the browser complains");
  });
  return page;
}

/** Collects what the pages of a context complain about. */
export function watch(context) {
  const complaints = [];
  context.on("weberror", (error) => complaints.push(`${error.error()}`));
  context.on("dialog", (dialog) => {
    complaints.push(`a dialog says ${dialog.message()}`);
    dialog.dismiss();
  });
  context.on("console", (message) => {
    const about = message.location().url;
    // A refused form and a page that is not there are meant, and reported by the browser all the same.
    const isMeant = /status of 4\d\d/.test(message.text()) && about === message.page()?.url();
    if (["error", "warning"].includes(message.type()) && !isMeant) {
      complaints.push(`${about}: ${message.text()}`);
    }
  });
  return complaints;
}

/** An address nobody has. */
export const somebody = () => `ada-${Math.random().toString(36).slice(2, 10)}@example.com`;

/** Asserts which page this is. */
export const at = (page, path) => assert.equal(new URL(page.url()).pathname, path);

/** Waits until some text is to be seen. */
export const sees = (page, text) => page.getByText(text).first().waitFor();

/** Presses a button by its name. */
export const press = (page, name) => page.getByRole("button", { name, exact: true }).click();

/** Fills in the form of the sign-in and the sign-up page. */
export async function fill(page, email, password) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
}

/** Signs somebody up and goes to `path`; returns the address. */
export async function signUp(page, origin, path = "/private") {
  const email = somebody();
  await page.goto(`${origin}/auth/signup?return_to=${encodeURIComponent(path)}`);
  await fill(page, email, PASSWORD);
  await press(page, "Sign up");
  at(page, path);
  return email;
}

/** Signs somebody in and goes to `path`. */
export async function signIn(page, origin, email, path = "/private", password = PASSWORD) {
  await page.goto(`${origin}/auth/login?return_to=${encodeURIComponent(path)}`);
  await fill(page, email, password);
  await press(page, "Sign in");
  at(page, path);
}
