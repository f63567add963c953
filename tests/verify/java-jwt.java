import java.util.List;
// docs: from here
import com.auth0.jwk.JwkProvider;
import com.auth0.jwk.JwkProviderBuilder;
import com.auth0.jwt.JWT;
import com.auth0.jwt.algorithms.Algorithm;
import java.net.URI;
import java.security.interfaces.ECPublicKey;
import java.util.concurrent.TimeUnit;

class Verifier {
    private final JwkProvider keys;
    private final String issuer;

    Verifier(String jwksUrl, String issuer, List<String> algorithms) throws Exception {
        this.issuer = issuer;
        keys = new JwkProviderBuilder(URI.create(jwksUrl).toURL())
                .cached(10, 5, TimeUnit.MINUTES)
                .rateLimited(10, 1, TimeUnit.MINUTES)
                .build();
    }

    String verify(String text) throws Exception {
        var key = (ECPublicKey) keys.get(JWT.decode(text).getKeyId()).getPublicKey();
        return JWT.require(Algorithm.ECDSA256(key, null))
                .withIssuer(issuer)
                .withAudience("app")
                .withClaimPresence("exp")
                .acceptLeeway(30)
                .build()
                .verify(text)
                .getSubject();
    }
}
// docs: to here
