// Says of each token whether the program beside it takes it.
package main

import (
	"fmt"
	"os"
	"strings"
)

var (
	jwksURL    = os.Getenv("JWKS_URL")
	issuer     = os.Getenv("ISSUER")
	algorithms = strings.Fields(os.Getenv("ALGORITHMS"))
)

func main() {
	verify, err := verifier()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, token := range os.Args[1:] {
		if subject, err := verify(token); err != nil {
			fmt.Println("no", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("yes", subject)
		}
	}
}
