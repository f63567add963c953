const { JWKS_URL, ISSUER } = process.env;
const ALGORITHMS = process.env.ALGORITHMS.split(" ");

// docs: from here
import { expressjwt } from "express-jwt";
import jwks from "jwks-rsa";

const signedIn = expressjwt({
  secret: jwks.expressJwtSecret({ jwksUri: JWKS_URL, cacheMaxAge: 300_000, rateLimit: true }),
  algorithms: ALGORITHMS,
  issuer: ISSUER,
  audience: "app",
  clockTolerance: 30,
});
// app.get("/notes", signedIn, (request, response) => response.send(`Hello ${request.auth.email}`));
// docs: to here

export async function verify(token) {
  const request = { headers: { authorization: `Bearer ${token}` } };
  await new Promise((resolve, reject) => signedIn(request, {}, (error) => (error ? reject(error) : resolve())));
  return request.auth;
}
