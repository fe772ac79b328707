package discover

import (
	"slices"
	"strings"
)

// A provider is a row of the built-in table: what its own help pages, and
// Thunderbird's database of providers, say. Who is not sure leaves it out.
type provider struct {
	name      string
	domains   []string // of addresses
	exchanger []string // domains of MX hosts
	host      string   // empty: the provider has no POP3
	aliases   []string // other names that its servers have or had
	localUser bool     // the user's name is the address without its domain
	oauth     string   // a preset, empty for none
	oauthOnly bool     // no password is taken, not even an app password
	advice    []string
}

// candidate is a provider's server for one address. All of them have implicit
// TLS on port 995.
func (p *provider) candidate(a address, source string) Candidate {
	user := a.String()
	if p.localUser {
		user = a.local
	}
	return Candidate{
		Host: p.host, Port: 995, TLS: Implicit, User: user, OAuth: p.oauth, Auth: p.method(),
		Source: source, Advice: slices.Clone(p.advice),
	}
}

// method is what the account's auth has to be.
func (p *provider) method() string {
	if p.oauthOnly {
		return "xoauth2"
	}
	return "auto"
}

// providerOf returns the provider of a domain of its own, or nil.
func providerOf(domain string) *provider {
	return search(func(p *provider) bool { return slices.Contains(p.domains, domain) })
}

// providerBehind returns the provider of a mail exchanger, or nil.
func providerBehind(exchanger string) *provider {
	return search(func(p *provider) bool {
		return slices.ContainsFunc(p.exchanger, func(domain string) bool { return within(exchanger, domain) })
	})
}

// providerAt returns the provider of a POP3 server, or nil.
func providerAt(host string) *provider {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return search(func(p *provider) bool { return host != "" && (p.host == host || slices.Contains(p.aliases, host)) })
}

func search(match func(*provider) bool) *provider {
	for i := range providers {
		if match(&providers[i]) {
			return &providers[i]
		}
	}
	return nil
}

// Known returns advice about a well-known server, given by its name in any
// case: sentences for people. It returns nil for all others.
func Known(host string) []string {
	if p := providerAt(host); p != nil {
		return slices.Clone(p.advice)
	}
	return nil
}
