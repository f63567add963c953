const { JWKS_URL, ISSUER } = process.env;
const ALGORITHMS = process.env.ALGORITHMS.split(" ");

// docs: from here
import jwt from "jsonwebtoken";
import { JwksClient } from "jwks-rsa";

const keys = new JwksClient({ jwksUri: JWKS_URL, cacheMaxAge: 300_000, rateLimit: true });

export async function verify(token) {
  const key = await keys.getSigningKey(jwt.decode(token, { complete: true })?.header.kid);
  const checks = { algorithms: ALGORITHMS, issuer: ISSUER, audience: "app", clockTolerance: 30 };
  return jwt.verify(token, key.getPublicKey(), checks);
}
// docs: to here
