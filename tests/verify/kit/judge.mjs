// judge.mjs <EdDSA|ES256|both> <program> [<argument>…]: shows a program tokens of ALGORITHMS, and says whether it takes the
// right ones and no others. Fails unless it does, or its library does not know how they are signed.
// Run by `scripts/verify-libraries`, which says where the two servers are and with which keys they sign.

import { execFile } from "node:child_process";
import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const [kinds, ...command] = process.argv.slice(2);
const { ISSUER, EMAIL, PASSWORD } = process.env;
const SERVERS = {
  EdDSA: { origin: process.env.EDDSA_ORIGIN, key: process.env.EDDSA_KEY, read: ed25519 },
  ES256: { origin: process.env.ES256_ORIGIN, key: process.env.ES256_KEY, read: p256 },
};
const HOUR = 3600;

/** The one refusal that is no fault of the program's, and what libraries say that make it. */
const IGNORANT = "no: knows no EdDSA";
const UNKNOWN = [
  /Unknown key type "ed25519"/, // jsonwebtoken
  /Unable to find an algorithm for key/, // python-jose
  /key type of OKP is not supported/, // java-jwt
  /SignatureAlgorithm.* is null/, // Spring Security
];

function ed25519(text) {
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  return createPrivateKey({ key: Buffer.concat([prefix, Buffer.from(text, "base64")]), format: "der", type: "pkcs8" });
}

function p256(text) {
  return createPrivateKey({ key: Buffer.from(text, "base64"), format: "der", type: "pkcs8" });
}

const encode = (value) => Buffer.from(value instanceof Buffer ? value : JSON.stringify(value)).toString("base64url");
const decode = (text) => JSON.parse(Buffer.from(text, "base64url"));

/** A token of that header and those claims, signed with whatever `by` does. */
function token(header, claims, by) {
  const message = `${encode(header)}.${encode(claims)}`;
  return `${message}.${encode(by(message))}`;
}

/** The signature of a private key as tokens have it. */
const signature = (key) => (message) =>
  key.asymmetricKeyType === "ed25519"
    ? sign(null, Buffer.from(message), key)
    : sign("sha256", Buffer.from(message), { key, dsaEncoding: "ieee-p1363" });

async function keySet(origin) {
  const answer = await fetch(`${origin}/auth/.well-known/jwks.json`);
  return (await answer.json()).keys;
}

async function signIn(origin) {
  const answer = await fetch(`${origin}/auth/api/v1/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  return (await answer.json()).access_token;
}

/** Tokens of one server, each with what it is; only those that are called good are to be taken. */
async function tokens(kind) {
  const { origin, key: text, read } = SERVERS[kind];
  const [key, good] = [read(text), await signIn(origin)];
  const parts = good.split(".");
  const [header, claims] = [decode(parts[0]), decode(parts[1])];
  const now = Math.floor(Date.now() / 1000);
  const stranger = generateKeyPairSync(kind === "EdDSA" ? "ed25519" : "ec", { namedCurve: "P-256" }).privateKey;
  const pem = createPublicKey(key).export({ type: "spki", format: "pem" });
  const [jwk] = await keySet(origin);
  const mac = (secret) => (message) => createHmac("sha256", secret).update(message).digest();
  const sub = `${claims.sub.slice(0, -1)}${claims.sub.endsWith("0") ? "1" : "0"}`;
  return [
    ["good token", good],
    ["good token, signed here", token(header, claims, signature(key))],
    ["changed claims", [parts[0], encode({ ...claims, sub }), parts[2]].join(".")],
    ["expired token", token(header, { ...claims, iat: now - 2 * HOUR, exp: now - HOUR }, signature(key))],
    ["other audience", token(header, { ...claims, aud: ["admin"] }, signature(key))],
    ["other issuer", token(header, { ...claims, iss: "http://elsewhere/auth" }, signature(key))],
    ["stranger's key", token(header, claims, signature(stranger))],
    ["stranger's key and kid", token({ ...header, kid: "stranger" }, claims, signature(stranger))],
    ["stranger's key in the header", token({ ...header, jwk: createPublicKey(stranger).export({ format: "jwk" }) }, claims, signature(stranger))],
    ["no kid and stranger's key", token({ ...header, kid: undefined }, claims, signature(stranger))],
    ["no signature", token(header, claims, () => Buffer.alloc(0))],
    ["zeros for a signature", token(header, claims, () => Buffer.alloc(64))],
    ["alg none", token({ ...header, alg: "none" }, claims, () => Buffer.alloc(0))],
    ["alg HS256, public PEM", token({ ...header, alg: "HS256" }, claims, mac(pem))],
    ["alg HS256, public JWK", token({ ...header, alg: "HS256" }, claims, mac(JSON.stringify(jwk)))],
    ["alg HS256, public bytes", token({ ...header, alg: "HS256" }, claims, mac(Buffer.from(jwk.x, "base64url")))],
    ["no token", "none"],
  ].map(([what, token]) => ({ what, token, subject: what.startsWith("good") ? claims.sub : null }));
}

/** Serves the keys of both servers on this machine, as a server does whose algorithm is being changed. */
async function bothKeySets() {
  const keys = (await Promise.all(Object.values(SERVERS).map(({ origin }) => keySet(origin)))).flat();
  const server = createServer((_, answer) => {
    answer.writeHead(200, { "content-type": "application/json" });
    answer.end(JSON.stringify({ keys }));
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${server.address().port}/jwks.json`;
}

async function judge() {
  const algorithms = process.env.ALGORITHMS.split(" ");
  const shown = (await Promise.all(algorithms.map(tokens))).flat();
  const url = kinds === "both" ? await bothKeySets() : `${SERVERS[kinds].origin}/auth/.well-known/jwks.json`;
  const env = { ...process.env, JWKS_URL: url, ALGORITHMS: algorithms.join(" ") };
  const run = promisify(execFile)(command[0], [...command.slice(1), ...shown.map(({ token }) => token)], { env });
  const ended = await Promise.race([run.catch((error) => error), setTimeout(120_000, { stdout: "", stderr: "it hangs" })]);
  const lines = ended.stdout.trim().split("\n");
  if (lines.length !== shown.length) {
    return ["no: ends early", ended.stderr];
  }
  if (process.env.VERBOSE) {
    shown.forEach(({ what }, at) => console.error(`    ${what}: ${lines[at]}`));
  }
  const wrong = shown.findIndex(({ subject }, at) => (subject ? lines[at] !== `yes ${subject}` : !lines[at].startsWith("no ")));
  if (wrong === -1) {
    return ["ok"];
  }
  const { what, subject } = shown[wrong];
  if (!subject) {
    return [`no: takes ${what}`, ""];
  }
  return [UNKNOWN.some((one) => one.test(lines[wrong])) ? IGNORANT : `no: refuses ${what}`, lines[wrong]];
}

const [result, why] = await judge();
if (why) {
  console.error(why.trim());
}
console.log(result);
process.exit(["ok", IGNORANT].includes(result) ? 0 : 1);
