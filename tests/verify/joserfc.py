import os

from key_set import Keys

JWKS_URL, ISSUER, ALGORITHMS = os.environ["JWKS_URL"], os.environ["ISSUER"], os.environ["ALGORITHMS"].split()

# docs: from here
from joserfc import jwt
from joserfc.jwk import import_key

keys = Keys(JWKS_URL)
claims = jwt.JWTClaimsRegistry(
    leeway=30,
    iss={"essential": True, "value": ISSUER},
    aud={"essential": True, "value": "app"},
    exp={"essential": True},
)


def verify(text):
    token = jwt.decode(text, lambda token: import_key(keys.get(token.headers()["kid"])), algorithms=ALGORITHMS)
    claims.validate(token.claims)
    return token.claims
# docs: to here
