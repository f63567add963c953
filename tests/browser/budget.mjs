// What a first visit costs: the sign-in page is to be seen after two requests and 40 kB, on any line.

import assert from "node:assert/strict";

import { serve, test, visit } from "./kit/browser.mjs";

const origin = await serve();
const KB = 1000;

/** Opens the sign-in page with an empty cache; returns what came over the line, by kind. */
async function weigh(page) {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const kinds = new Map();
  const bytes = {};
  devtools.on("Network.responseReceived", ({ requestId, type }) => kinds.set(requestId, type));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const kind = kinds.get(requestId);
    bytes[kind] = (bytes[kind] ?? 0) + encodedDataLength;
  });
  await page.goto(`${origin}/auth/login`, { waitUntil: "networkidle" });
  return bytes;
}

test("the sign-in page comes in 40 kB, its style in 20 and its scripts in 15", async (t) => {
  const bytes = await weigh(await visit(t));
  const all = Object.values(bytes).reduce((sum, more) => sum + more, 0);

  t.diagnostic(JSON.stringify(bytes));
  assert(bytes.Document > 0 && bytes.Stylesheet > 0 && bytes.Script > 0, JSON.stringify(bytes));
  assert(all <= 40 * KB, `${all} bytes`);
  assert(bytes.Stylesheet < 20 * KB, `${bytes.Stylesheet} bytes of style`);
  assert(bytes.Script < 15 * KB, `${bytes.Script} bytes of scripts`);
});

test("the sign-in page is to be seen once two answers have come", async (t) => {
  const page = await visit(t);
  const answered = [];
  // Everything but the page and its style never comes.
  await page.route("**", (route) => {
    if (!["document", "stylesheet"].includes(route.request().resourceType())) return undefined;
    answered.push(route.request().url());
    return route.continue();
  });

  await page.goto(`${origin}/auth/login`, { waitUntil: "commit" });
  await page.getByLabel("E-mail address").waitFor();
  const painted = await page.evaluate(
    () =>
      new Promise((resolve) => {
        new PerformanceObserver((list) => resolve(list.getEntriesByName("first-contentful-paint").length)).observe({
          type: "paint",
          buffered: true,
        });
      }),
  );

  assert.equal(painted, 1);
  assert.equal(answered.length, 2, answered.join());
});

test("nothing but the style keeps the first paint waiting", async (t) => {
  const page = await visit(t);

  await page.goto(`${origin}/auth/login`, { waitUntil: "load" });
  const blocking = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .filter((entry) => entry.renderBlockingStatus === "blocking")
      .map((entry) => entry.initiatorType),
  );

  assert.deepEqual(blocking, ["link"]);
});
