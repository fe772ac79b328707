// Package discover finds the POP3 server of a mail address: from a table of big
// providers, from SRV records (RFC 6186), from the autoconfig files that
// domains publish for Thunderbird and others, from the MX records of a known
// provider, and last by guessing names.
//
// What it finds is proposed to a person, who confirms it: a record or a file
// may name any host. Nothing is proposed that lets a password cross the network
// in the clear, and nobody is asked but the resolver and, over https, the
// address's own domain.
package discover

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"slices"
	"time"
)

// How a session gets its TLS, in the configuration's words.
const (
	Implicit = "implicit" // TLS from the first octet, mostly on port 995 (RFC 8314)
	StartTLS = "starttls" // STLS, demanded, mostly on port 110 (RFC 2595)
)

// A Candidate is a server that may hold the maildrop of an address.
type Candidate struct {
	Host   string   // ASCII, lower case, without a final dot
	Port   int      // 1 to 65535
	TLS    string   // Implicit or StartTLS
	User   string   // whom to log in as; mostly the address
	OAuth  string   // "google" or "microsoft" where OAuth2 is possible with that preset of ours, else empty
	Auth   string   // as in the configuration: "auto" where a password is taken, "xoauth2" where only OAuth2 is, "external" where a certificate is
	Source string   // for people: "built-in table", "SRV record _pop3s._tcp.example.com"
	Advice []string // sentences for people, on what to do first; may be empty
}

// A Resolver asks the DNS; *net.Resolver is one.
type Resolver interface {
	// LookupSRV returns a service's records, in the order of RFC 2782.
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	// LookupMX returns a domain's mail exchangers, the preferred first.
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	// LookupHost returns a host's addresses.
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// Options say whom to ask. Without a Resolver or HTTP those sources are left
// out: the zero value finds what the built-in table has.
type Options struct {
	Resolver Resolver
	HTTP     *http.Client                 // its cookies and its rule for redirects are not used
	Base     func(domain string) []string // URLs of autoconfig files, without the query, best first; nil for the usual two
}

// Each source has sourceTimeout; totalTimeout is for a resolver or a transport
// that does not heed its context.
const (
	sourceTimeout = 5 * time.Second
	totalTimeout  = 10 * time.Second
)

// Find returns the servers that may hold the maildrop of a mail address, the
// best first, each once. Of a domain in the built-in table nobody is
// asked. It takes 10 s at most; a source that fails is passed over.
//
// The error is an *AddressError, a *NoPOP3Error for a provider that is known to
// have no POP3, a *NotFoundError, or ctx's.
func Find(ctx context.Context, address string, o Options) ([]Candidate, error) {
	a, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	if p := providerOf(a.domain); p != nil {
		if p.host == "" {
			return nil, &NoPOP3Error{Domain: a.domain, Provider: p.name, Advice: p.advice}
		}
		return []Candidate{p.candidate(a, "built-in table")}, nil
	}
	found, err := ask(ctx, a, o)
	if err != nil {
		return nil, err
	}
	for i := range found {
		found[i].learn()
	}
	return once(found), nil
}

// An answer is what one source knows.
type answer struct {
	candidates []Candidate
	none       *NoPOP3Error // the source says that there is no POP3
	err        error        // the source could not be asked
}

// ask asks all sources at once, and weighs what they know in their order.
func ask(ctx context.Context, a address, o Options) ([]Candidate, error) {
	bounded, cancel := context.WithTimeout(ctx, totalTimeout)
	defer cancel()
	var pending []<-chan answer
	for _, source := range []func(context.Context, address, Options) answer{askSRV, askAutoconfig, askMX, guess} {
		pending = append(pending, begin(bounded, func(ctx context.Context) answer { return source(ctx, a, o) }))
	}
	answers := make([]answer, len(pending))
	for i := range pending {
		select {
		case answers[i] = <-pending[i]:
		case <-bounded.Done():
			answers[i].err = bounded.Err()
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return weigh(a.domain, answers)
}

// begin runs a source under its timeout. The channel has room, so that a source
// that comes too late can end.
func begin(ctx context.Context, source func(context.Context) answer) <-chan answer {
	done := make(chan answer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(ctx, sourceTimeout)
		defer cancel()
		done <- source(ctx)
	}()
	return done
}

// weigh collects the answers, the best source's first. One that says that there
// is no POP3 ends the search; and nobody guesses, which is the last source,
// where somebody knows.
func weigh(domain string, answers []answer) ([]Candidate, error) {
	var found []Candidate
	var failures []error
	last := len(answers) - 1
	for i, got := range answers {
		if got.none != nil && len(found) == 0 {
			return nil, got.none
		}
		if got.none != nil || i == last && len(found) > 0 {
			break
		}
		found = append(found, got.candidates...)
		failures = append(failures, got.err)
	}
	if len(found) == 0 {
		return nil, &NotFoundError{Domain: domain, Err: cmp.Or(failures...)}
	}
	return found, nil
}

// learn adds what is known about a server by its name.
func (c *Candidate) learn() {
	p := providerAt(c.Host)
	if p == nil {
		return
	}
	c.OAuth, c.Auth = p.oauth, p.method()
	for _, advice := range p.advice {
		if !slices.Contains(c.Advice, advice) {
			c.Advice = append(c.Advice, advice)
		}
	}
}

// once drops what a better source has named already.
func once(list []Candidate) []Candidate {
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(c Candidate) bool {
		key := c.Host + " " + c.TLS
		before := seen[key]
		seen[key] = true
		return before
	})
}
