package host

import (
	"context"
	"net"
	"net/http"

	"github.com/popherd/popherd/internal/discover"
)

// Lookup returns the addresses of a host, by the system's resolver.
func Lookup(ctx context.Context, host string) ([]string, error) {
	return net.DefaultResolver.LookupHost(ctx, host)
}

// Discover is [discover.Find] by the system's resolver and over https.
func Discover(ctx context.Context, address string) ([]discover.Candidate, error) {
	return discover.Find(ctx, address, discover.Options{Resolver: net.DefaultResolver, HTTP: &http.Client{}})
}
