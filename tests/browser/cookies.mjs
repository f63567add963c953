// Whoever may set cookies for this host, be it a neighbour under the same domain or another program on
// the same machine, cannot shut a person out with them for good: a cookie that comes twice is cleared.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";

import { cookie, serve, signUp, test, visit } from "./kit/browser.mjs";

const origin = await serve();
const NOTICE = /sent a cookie of this site twice/;

/** A page on another port, which browsers take for the same host, that sets a cookie. */
async function neighbour(t, planted) {
  const server = createServer((request, answer) => {
    // Not with its icon as well, which comes when it likes.
    const headers = request.url === "/auth/" ? { "set-cookie": planted } : {};
    answer.writeHead(200, headers).end("planted");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return `http://localhost:${server.address().port}/auth/`;
}

for (const form of ["Path=/auth", "Path=/auth/; Secure; Partitioned", "Path=/; Secure; Partitioned"]) {
  test(`r056 a planted cookie is gone after one look: ${form}`, async (t) => {
    const page = await visit(t);
    await page.goto(`${origin}/auth/login`);
    await page.goto(await neighbour(t, `${cookie(origin, "csrf")}=planted; Max-Age=9999999; ${form}`));

    await page.goto(`${origin}/auth/login`);
    await page.getByText(NOTICE).waitFor();
    await page.goto(`${origin}/auth/login`);

    assert.equal(await page.getByText(NOTICE).count(), 0);
    await signUp(page, origin);
  });
}
