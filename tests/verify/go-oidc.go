package main

// docs: from here
import (
	"context"

	"github.com/coreos/go-oidc/v3/oidc"
)

func verifier() (func(token string) (subject string, err error), error) {
	ctx := context.Background()
	tokens := oidc.NewVerifier(issuer, oidc.NewRemoteKeySet(ctx, jwksURL), &oidc.Config{
		ClientID:             "app",
		SupportedSigningAlgs: algorithms,
	})
	return func(text string) (string, error) {
		token, err := tokens.Verify(ctx, text)
		if err != nil {
			return "", err
		}
		return token.Subject, nil
	}, nil
}

// docs: to here
