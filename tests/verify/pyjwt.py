import os

JWKS_URL, ISSUER, ALGORITHMS = os.environ["JWKS_URL"], os.environ["ISSUER"], os.environ["ALGORITHMS"].split()

# docs: from here
import jwt

keys = jwt.PyJWKClient(JWKS_URL, lifespan=300)


def verify(token):
    key = keys.get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=ALGORITHMS, issuer=ISSUER, audience="app", leeway=30)
# docs: to here
