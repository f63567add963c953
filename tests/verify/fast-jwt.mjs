const { JWKS_URL, ISSUER } = process.env;
const ALGORITHMS = process.env.ALGORITHMS.split(" ");

// docs: from here
import { createPublicKey } from "node:crypto";
import { createVerifier } from "fast-jwt";
import getJwks from "get-jwks";

const { origin, pathname } = new URL(JWKS_URL);
const keys = getJwks({ ttl: 300_000, jwksPath: pathname });

export const verify = createVerifier({
  key: async ({ header }) => {
    const key = await keys.getJwk({ domain: origin, kid: header.kid });
    return createPublicKey({ key, format: "jwk" }).export({ type: "spki", format: "pem" });
  },
  algorithms: ALGORITHMS,
  allowedIss: ISSUER,
  allowedAud: "app",
  clockTolerance: 30_000,
});
// docs: to here
