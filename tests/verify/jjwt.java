// docs: from here
import io.jsonwebtoken.Header;
import io.jsonwebtoken.JwsHeader;
import io.jsonwebtoken.JwtParser;
import io.jsonwebtoken.Jwts;
import io.jsonwebtoken.security.Jwks;
import io.jsonwebtoken.security.SecurityException;
import io.jsonwebtoken.security.SecureDigestAlgorithm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.security.Key;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

class Verifier {
    private final String jwksUrl;
    private final JwtParser parser;
    private Map<String, Key> keys = Map.of();
    private Instant fetched = Instant.EPOCH;

    Verifier(String jwksUrl, String issuer, List<String> algorithms) {
        this.jwksUrl = jwksUrl;
        var signatures = Jwts.parser().sig().clear();
        algorithms.forEach(name -> signatures.add((SecureDigestAlgorithm<?, ?>) Jwts.SIG.get().forKey(name)));
        parser = signatures.and()
                .keyLocator(this::key)
                .requireIssuer(issuer)
                .requireAudience("app")
                .clockSkewSeconds(30)
                .build();
    }

    String verify(String token) {
        return parser.parseSignedClaims(token).getPayload().getSubject();
    }

    /** Kept for five minutes. A kid that is not among them fetches them again, at most every ten seconds. */
    private synchronized Key key(Header header) {
        var kid = header instanceof JwsHeader signed ? signed.getKeyId() : null;
        var age = Duration.between(fetched, Instant.now()).toSeconds();
        if (age > 300 || (!keys.containsKey(kid) && age > 10)) {
            try (var answer = URI.create(jwksUrl).toURL().openStream()) {
                var fresh = new HashMap<String, Key>();
                Jwks.setParser().build().parse(answer).getKeys().forEach(key -> fresh.put(key.getId(), key.toKey()));
                keys = fresh;
                fetched = Instant.now();
            } catch (IOException error) {
                throw new UncheckedIOException(error);
            }
        }
        if (!keys.containsKey(kid)) {
            throw new SecurityException("no key of that kid");
        }
        return keys.get(kid);
    }
}
// docs: to here
