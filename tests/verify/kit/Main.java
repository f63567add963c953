import java.util.List;

/** Says of each token whether the program beside it takes it. */
class Main {
    static final String JWKS_URL = System.getenv("JWKS_URL");
    static final String ISSUER = System.getenv("ISSUER");
    static final List<String> ALGORITHMS = List.of(System.getenv("ALGORITHMS").split(" "));

    public static void main(String[] tokens) throws Exception {
        Verifier verifier = null;
        for (String token : tokens) {
            try {
                verifier = verifier == null ? new Verifier(JWKS_URL, ISSUER, ALGORITHMS) : verifier;
                System.out.println("yes " + verifier.verify(token));
            } catch (Exception error) {
                System.out.println("no " + error.toString().replace("\n", " "));
            }
        }
        System.exit(0);
    }
}
