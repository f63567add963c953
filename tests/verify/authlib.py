import os

from key_set import Keys

JWKS_URL, ISSUER, ALGORITHMS = os.environ["JWKS_URL"], os.environ["ISSUER"], os.environ["ALGORITHMS"].split()

# docs: from here
from authlib.jose import JsonWebKey, JsonWebToken

keys = Keys(JWKS_URL)
jwt = JsonWebToken(ALGORITHMS)
checks = {
    "iss": {"essential": True, "value": ISSUER},
    "aud": {"essential": True, "value": "app"},
    "exp": {"essential": True},
}


def verify(token):
    claims = jwt.decode(token, lambda header, _: JsonWebKey.import_key(keys.get(header["kid"])), claims_options=checks)
    claims.validate(leeway=30)
    return claims
# docs: to here
