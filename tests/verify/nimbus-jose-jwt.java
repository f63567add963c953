// docs: from here
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.Ed25519Verifier;
import com.nimbusds.jose.jwk.JWKMatcher;
import com.nimbusds.jose.jwk.JWKSelector;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import java.net.URI;
import java.util.List;
import java.util.Set;

class Verifier {
    private final List<String> algorithms;
    private final JWKSource<SecurityContext> keys;
    private final DefaultJWTClaimsVerifier<SecurityContext> claims;

    Verifier(String jwksUrl, String issuer, List<String> algorithms) throws Exception {
        this.algorithms = algorithms;
        keys = JWKSourceBuilder.create(URI.create(jwksUrl).toURL()).cache(300_000, 15_000).build();
        var expected = new JWTClaimsSet.Builder().issuer(issuer).build();
        claims = new DefaultJWTClaimsVerifier<>("app", expected, Set.of("sub", "exp"));
        claims.setMaxClockSkew(30);
    }

    String verify(String text) throws Exception {
        var token = SignedJWT.parse(text);
        var header = token.getHeader();
        if (!algorithms.contains(header.getAlgorithm().getName())) {
            throw new JOSEException("signed with " + header.getAlgorithm());
        }
        var matching = keys.get(new JWKSelector(JWKMatcher.forJWSHeader(header)), null);
        if (matching.isEmpty()) {
            throw new JOSEException("no key of that kid and algorithm");
        }
        var key = matching.get(0);
        JWSVerifier verifier = key instanceof OctetKeyPair pair ? new Ed25519Verifier(pair) : new ECDSAVerifier(key.toECKey());
        if (!token.verify(verifier)) {
            throw new JOSEException("the signature is wrong");
        }
        claims.verify(token.getJWTClaimsSet(), null);
        return token.getJWTClaimsSet().getSubject();
    }
}
// docs: to here
