import java.time.Duration;
import java.util.List;
// docs: from here
import org.springframework.security.oauth2.core.DelegatingOAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.JwtAudienceValidator;
import org.springframework.security.oauth2.jwt.JwtIssuerValidator;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;

class Verifier {
    private final NimbusJwtDecoder decoder;

    Verifier(String jwksUrl, String issuer, List<String> algorithms) {
        decoder = NimbusJwtDecoder.withJwkSetUri(jwksUrl)
                .jwsAlgorithms(all -> algorithms.forEach(name -> all.add(SignatureAlgorithm.from(name))))
                .build();
        decoder.setJwtValidator(new DelegatingOAuth2TokenValidator<>(
                new JwtTimestampValidator(Duration.ofSeconds(30)),
                new JwtIssuerValidator(issuer),
                new JwtAudienceValidator("app")));
    }

    String verify(String token) {
        return decoder.decode(token).getSubject();
    }
}
// docs: to here
