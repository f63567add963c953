import os

from key_set import Keys

JWKS_URL, ISSUER, ALGORITHMS = os.environ["JWKS_URL"], os.environ["ISSUER"], os.environ["ALGORITHMS"].split()

# docs: from here
from jose import jwt

keys = Keys(JWKS_URL)


def verify(token):
    key = keys.get(jwt.get_unverified_header(token)["kid"])
    options = {"leeway": 30, "require_exp": True, "require_iss": True, "require_aud": True}
    return jwt.decode(token, key, algorithms=ALGORITHMS, issuer=ISSUER, audience="app", options=options)
# docs: to here
