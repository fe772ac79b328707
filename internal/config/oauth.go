package config

import (
	"net/netip"
	"net/url"
	"strings"
)

// providers are the names of oauth's presets.
var providers = []string{"google", "microsoft"}

// oauthKeys are the keys of an account's oauth.
func oauthKeys() []key[OAuth] {
	return []key[OAuth]{
		{"provider", false, func(r *reader, o *OAuth, n *node) { o.Provider = r.choice(n, providers...) }},
		{"client_id", false, func(r *reader, o *OAuth, n *node) { o.ClientID = r.single(n) }},
		{"client_secret", false, func(r *reader, o *OAuth, n *node) { o.ClientSecret = r.literal(n) }},
		{"device_url", false, func(r *reader, o *OAuth, n *node) { o.DeviceURL = r.endpoint(n) }},
		{"auth_url", false, func(r *reader, o *OAuth, n *node) { o.AuthURL = r.endpoint(n) }},
		{"token_url", false, func(r *reader, o *OAuth, n *node) { o.TokenURL = r.endpoint(n) }},
		{"scopes", false, func(r *reader, o *OAuth, n *node) { o.Scopes = r.list(n) }},
		{"token_command", false, func(r *reader, o *OAuth, n *node) { o.TokenCommand = r.argv(n) }},
	}
}

// oauth reads where access tokens come from.
func (r *reader) oauth(n *node) *OAuth {
	if !r.isTable(n, "accounts.NAME.oauth") {
		return nil
	}
	o := &OAuth{}
	before := len(r.found)
	read(r, n, oauthKeys(), o)
	if len(r.found) == before {
		r.oauthAgrees(n)
	}
	return o
}

// oauthAgrees checks that there is enough to get a token, and nothing that
// would not be used.
func (r *reader) oauthAgrees(n *node) {
	has := func(name string) bool { return n.child(name) != nil }
	if has("token_command") {
		for _, other := range n.children {
			if other.name != "token_command" {
				r.faultKey(other, "is not used beside token_command, which gives the whole token", "remove one of them")
			}
		}
		return
	}
	if !has("provider") && !has("token_url") {
		r.faultKey(n, "does not say where tokens come from", "write provider, token_url or token_command, as in "+example("provider"))
		return
	}
	if !has("client_id") {
		r.faultKey(n, "has no client_id: popherd has none of its own", "register an application with the provider, and write its id: client_id = \"...\"")
	}
	if !has("provider") && !has("device_url") && !has("auth_url") {
		r.faultKey(n, "has neither device_url nor auth_url, so that nobody can log in", write("device_url"))
	}
	if !has("provider") && !has("scopes") {
		r.faultKey(n, "has no scopes", write("scopes"))
	}
}

// endpoint reads a URL of an authorization server: https, or on this machine
// alone.
func (r *reader) endpoint(n *node) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "":
		r.fault(n, r.quoted(n)+" is not a URL", write(n.name))
	case u.User != nil:
		r.fault(n, "has a user, who does not belong in a URL", write(n.name))
	case u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())):
		r.fault(n, r.quoted(n)+" is not https: secrets are sent there", write(n.name))
	default:
		return text
	}
	return ""
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
