// The choices at the foot of each page: how it looks and its language. They hold on every page, with
// scripts and without, and the browser's own wishes hold until somebody chooses.

import assert from "node:assert/strict";

import { fill, serve, test, visit } from "./kit/browser.mjs";

const origin = await serve();

/** Chooses how pages look, by the name of the button, and waits until the server knows. */
async function choose(page, name) {
  const known = page.waitForResponse((response) => response.url().endsWith("/auth/preferences"));
  await page.getByRole("button", { name, exact: true }).click();
  await known;
  await page.waitForLoadState();
}

/** Chooses the language. */
async function speak(page, name) {
  await page.getByRole("contentinfo").locator("summary").click();
  await page.getByRole("button", { name, exact: true }).click();
  await page.waitForLoadState();
}

/** Whether a page is light or dark to the eye, and what it says of itself. */
const look = (page) =>
  page.evaluate(() => {
    const [red] = getComputedStyle(document.body).backgroundColor.match(/\d+/g);
    return [Number(red) < 128 ? "dark" : "light", document.documentElement.dataset.theme];
  });

for (const javaScriptEnabled of [true, false]) {
  const scripts = javaScriptEnabled ? "with scripts" : "without scripts";

  test(`who chooses dark or light has it on every page, ${scripts}`, async (t) => {
    const page = await visit(t, { javaScriptEnabled, colorScheme: "light" });
    const is = async (theme, where) => assert.deepEqual(await look(page), [theme, theme], where);

    await page.goto(`${origin}/auth/login?return_to=%2Fprivate`);
    assert.deepEqual(await look(page), ["light", undefined]);
    await choose(page, "Dark");
    assert.equal(page.url(), `${origin}/auth/login?return_to=%2Fprivate`, "it stays on its page");
    await is("dark", "at once");
    assert.equal(await page.getByRole("button", { name: "Dark" }).getAttribute("aria-pressed"), "true");
    await page.reload();
    await is("dark", "after a reload");
    for (const path of ["/auth/signup", "/", "/nothing", "/auth/nothing"]) {
      await page.goto(origin + path);
      await is("dark", path);
    }

    await choose(page, "Light");
    await page.emulateMedia({ colorScheme: "dark" });
    await page.reload();
    await is("light", "in spite of the system");
    await choose(page, "Same as this device");
    await page.reload();
    assert.deepEqual(await look(page), ["dark", undefined]);
  });

  test(`who chooses a language has it on every page, ${scripts}`, async (t) => {
    const page = await visit(t, { javaScriptEnabled });
    const speaks = async (language) => assert.equal(await page.locator("html").getAttribute("lang"), language);

    await page.goto(`${origin}/auth/login?return_to=%2Fprivate`);
    await speaks("en");
    await speak(page, "Deutsch");
    assert.equal(page.url(), `${origin}/auth/login?return_to=%2Fprivate`, "it stays on its page");
    await speaks("de");
    await page.reload();
    await speaks("de");
    await page.goto(`${origin}/auth/signup`);
    await speaks("de");
    await speak(page, "English");
    await speaks("en");
  });
}

test("the browser's language is spoken, or the next that is known", async (t) => {
  for (const [accepted, spoken] of [
    ["fr-CA,fr;q=0.9", "fr"],
    ["pt-PT", "pt-BR"],
    ["zh-CN,zh;q=0.9", "zh-Hans"],
    ["tlh, es;q=0.4, de;q=0.8", "de"],
    ["tlh", "en"],
  ]) {
    const page = await visit(t, { extraHTTPHeaders: { "accept-language": accepted } });
    await page.goto(`${origin}/auth/login`);
    assert.equal(await page.locator("html").getAttribute("lang"), spoken, accepted);
  }
});

test("with scripts, what was typed stays when the language or the look changes", async (t) => {
  const page = await visit(t);

  await page.goto(`${origin}/auth/login`);
  await fill(page, "ada@example.com", "secret words");
  await choose(page, "Dark");

  assert.equal(await page.getByLabel("E-mail address").inputValue(), "ada@example.com");

  await speak(page, "Deutsch");
  assert.equal(await page.getByLabel("E-Mail-Adresse").inputValue(), "ada@example.com");
  assert.equal(await page.getByLabel("Passwort", { exact: true }).inputValue(), "", "but no password");
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, "nothing is kept for longer");
});

test("times are in the zone of whoever reads", async (t) => {
  const page = await visit(t, { timezoneId: "Asia/Tokyo", locale: "en-GB" });

  await page.goto(`${origin}/auth/dev/pages/account/notice`);
  const [shown, utc, day] = await page.evaluate(() => {
    const time = document.querySelector("time[title]");
    const { lang, dir } = document.querySelector("time[data-shows=day]");
    return [time.title, time.dateTime, [lang, dir]];
  });

  const wanted = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Tokyo" });
  assert.equal(shown, wanted.format(new Date(utc)));
  assert.deepEqual(day, ["en-GB", "auto"], "it says in which language it is");
});
