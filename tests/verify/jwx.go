package main

// docs: from here
import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"golang.org/x/time/rate"
)

func verifier() (func(token string) (subject string, err error), error) {
	ctx := context.Background()
	cache, err := jwk.NewCache(ctx, httprc.NewClient())
	if err != nil {
		return nil, err
	}
	if err := cache.Register(ctx, jwksURL, jwk.WithConstantInterval(5*time.Minute)); err != nil {
		return nil, err
	}
	keys, err := cache.CachedSet(jwksURL)
	if err != nil {
		return nil, err
	}
	refresh := rate.NewLimiter(rate.Every(10*time.Second), 1)
	return func(text string) (string, error) {
		message, err := jws.Parse([]byte(text))
		if err != nil {
			return "", err
		}
		header := message.Signatures()[0].ProtectedHeaders()
		algorithm, _ := header.Algorithm()
		if !slices.Contains(algorithms, algorithm.String()) {
			return "", fmt.Errorf("signed with %s", algorithm)
		}
		kid, _ := header.KeyID()
		if _, known := keys.LookupKeyID(kid); !known && refresh.Allow() {
			if _, err := cache.Refresh(ctx, jwksURL); err != nil {
				return "", err
			}
		}
		token, err := jwt.Parse([]byte(text), jwt.WithKeySet(keys), jwt.WithIssuer(issuer), jwt.WithAudience("app"),
			jwt.WithRequiredClaim("exp"), jwt.WithAcceptableSkew(30*time.Second))
		if err != nil {
			return "", err
		}
		subject, _ := token.Subject()
		return subject, nil
	}, nil
}

// docs: to here
