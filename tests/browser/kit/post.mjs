// The ways in which letters reach people: a real SMTP server, a stand-in for a mail service over HTTP, and the inbox of
// `authara dev`. Each returns the `settings` that lead there, and `letters`, which answers what has arrived, oldest first.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

const FROM = "Example <login@example.com>";
const [NAME, SECRET] = ["authara", "a secret of the mail server"];

/** An SMTP server with STARTTLS and a password, whose certificate is nobody's but its own. It ends with the test `t`. */
export async function smtp(t, folder) {
  const [key, certificate] = ["mail.key", "mail.crt"].map((name) => join(folder, name));
  const subject = ["-subj", "/CN=mail", "-addext", "subjectAltName=DNS:localhost"];
  const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
  const leaf = ["-addext", "basicConstraints=critical,CA:FALSE"];
  const made = ["req", ...kind, ...subject, ...leaf, "-keyout", key, "-out", certificate];
  execFileSync("openssl", made, { stdio: "pipe" });

  const script = new URL("mail_server.py", import.meta.url).pathname;
  const server = spawn(process.env.PYTHON, [script, key, certificate, NAME, SECRET], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => server.kill("SIGKILL"));
  const lines = createInterface(server.stdout);
  const first = await new Promise((resolve, reject) => {
    lines.once("line", resolve);
    lines.once("close", () => reject(new Error("the mail server ended")));
  });
  const arrived = [];
  lines.on("line", (line) => arrived.push(JSON.parse(line)));
  return {
    settings: {
      AUTHARA_EMAIL_FROM: FROM,
      AUTHARA_EMAIL_SMTP_HOST: "localhost",
      AUTHARA_EMAIL_SMTP_PORT: JSON.parse(first).port,
      AUTHARA_EMAIL_SMTP_USERNAME: NAME,
      AUTHARA_EMAIL_SMTP_PASSWORD: SECRET,
      AUTHARA_EMAIL_SMTP_CA_FILE: certificate,
    },
    letters: async () => {
      for (const letter of arrived) {
        assert(letter.encrypted && letter.authenticated, "letters go under TLS to a server that knows us");
        assert.equal(letter.from, "login@example.com");
        assert.equal(letter.to.length, 1, "one recipient");
        assert.equal(letter.headers["auto-submitted"], "auto-generated");
      }
      return arrived.map(({ to: [to], ...letter }) => ({ ...letter, to }));
    },
  };
}

/** What Resend documents for letters that it does not take, each of which the first letter meets once. */
const TROUBLE = [
  [422, {}, { statusCode: 422, name: "validation_error", message: "The example.com domain is not verified." }],
  [429, { "retry-after": "1" }, { statusCode: 429, name: "rate_limit_exceeded", message: "Too many requests." }],
  [500, {}, { statusCode: 500, name: "application_error", message: "An unexpected error occurred." }],
];

/** A stand-in for Resend, which has trouble at first. It ends with the test `t`. */
export async function http(t) {
  const [trouble, taken, tries] = [[...TROUBLE], new Map(), []];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const piece of request) text += piece;
    const answer = (status, headers, body) => {
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(body));
    };
    const once = request.headers["idempotency-key"];
    tries.push(once);
    const isRight = request.method === "POST" && request.url === "/emails" && request.headers.authorization === "Bearer re_123";
    if (!isRight) return answer(401, {}, { statusCode: 401, name: "missing_api_key", message: "Missing API key" });
    const next = trouble.shift();
    if (next) return answer(...next);
    if (!taken.has(once)) taken.set(once, JSON.parse(text));
    return answer(200, {}, { id: `49a3999c-0ce1-4ea6-ab68-${String(taken.size).padStart(12, "0")}` });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return {
    settings: {
      AUTHARA_EMAIL_FROM: FROM,
      AUTHARA_MAIL_PRESET: "resend",
      AUTHARA_MAIL_URL: `http://127.0.0.1:${server.address().port}/emails`,
      AUTHARA_MAIL_KEY: "re_123",
    },
    letters: async () => {
      assert(taken.size === 0 || new Set(tries.slice(0, TROUBLE.length + 1)).size === 1, "a letter keeps its name at every try");
      return [...taken.values()].map(({ to: [to, ...others], ...letter }) => {
        assert.equal(others.length, 0, "one recipient");
        return { ...letter, to };
      });
    },
  };
}

/** The inbox of `authara dev`. */
export async function inbox() {
  return {
    settings: { AUTHARA_CHALLENGE_ENABLED: true },
    letters: async (origin) => {
      const answer = await fetch(`${origin}/auth/dev/mail`, { headers: { accept: "application/json" } });
      return (await answer.json()).letters.reverse();
    },
  };
}

/**
 * The letter to `address` whose subject begins so. An operator hurries what waits for its next try, in the `folder` of
 * the server.
 */
export async function letter({ letters }, { origin, folder }, address, subject) {
  const command = ["--env-file", join(folder, ".authara", "dev.env"), "mail", "retry", "--all"];
  for (let begun = Date.now(); Date.now() < begun + 60_000; await sleep(100)) {
    const found = (await letters(origin)).filter((it) => it.to === address && it.subject.startsWith(subject));
    if (found.length) return found.at(-1);
    if (Date.now() > begun + 1000) execFileSync(process.env.AUTHARA, command, { cwd: folder, env: {}, stdio: "pipe" });
  }
  throw new Error(`no letter "${subject}" to ${address}`);
}

/** The code in a letter. */
export const code = ({ text }) => /^\s+(\d{6})\s*$/m.exec(text)[1];

/** The link with the code in it. */
export const link = ({ text }) => /https?:\S+\?code=\d{6}/.exec(text)[0];
