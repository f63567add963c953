const { JWKS_URL, ISSUER } = process.env;
const ALGORITHMS = process.env.ALGORITHMS.split(" ");

// docs: from here
import { createRemoteJWKSet, jwtVerify } from "jose";

const keys = createRemoteJWKSet(new URL(JWKS_URL), { cacheMaxAge: 300_000 });

export async function verify(token) {
  const checks = { algorithms: ALGORITHMS, issuer: ISSUER, audience: "app", clockTolerance: 30 };
  return (await jwtVerify(token, keys, checks)).payload;
}
// docs: to here
