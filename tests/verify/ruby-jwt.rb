ISSUER = ENV.fetch("ISSUER")
JWKS_URL = ENV.fetch("JWKS_URL")
ALGORITHMS = ENV.fetch("ALGORITHMS").split

# docs: from here
require "base64"
require "json"
require "jwt"
require "net/http"
require "rbnacl" # for EdDSA

# Kept for five minutes. A kid that is not among them fetches them again, at most every ten seconds.
class Keys
  def initialize(url)
    @url, @keys, @fetched = URI(url), {}, -Float::INFINITY
  end

  def get(kid)
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    if now - @fetched > 300 || (!@keys.key?(kid) && now - @fetched > 10)
      @keys = JSON.parse(Net::HTTP.get(@url)).fetch("keys").to_h { |key| [key["kid"], key] }
      @fetched = now
    end
    key = @keys.fetch(kid) { raise JWT::DecodeError, "unknown kid" }
    return JWT::JWK.import(key).keypair unless key["kty"] == "OKP"

    RbNaCl::Signatures::Ed25519::VerifyKey.new(Base64.urlsafe_decode64(key["x"]))
  end
end

KEYS = Keys.new(JWKS_URL)
CHECKS = { algorithms: ALGORITHMS, iss: ISSUER, verify_iss: true, aud: "app", verify_aud: true,
           required_claims: ["exp"], leeway: 30 }.freeze

def verify(token)
  JWT.decode(token, nil, true, CHECKS) { |header| KEYS.get(header["kid"]) }.first
rescue RbNaCl::LengthError
  raise JWT::DecodeError, "a signature of another length"
end
# docs: to here
