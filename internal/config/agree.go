package config

import (
	"net/netip"
	"slices"
	"strings"
)

// sources are the keys that say where a password is, in the order in which they
// are asked.
var sources = []string{"password_env", "password_command", "password", "keyring", "password_file", "netrc"}

// tokenMethods send an access token, and need oauth.
var tokenMethods = []string{"xoauth2", "oauthbearer"}

// tlsKeys mean nothing without TLS.
var tlsKeys = []string{"ca_file", "fingerprint", "client_cert", "client_key", "min_tls", "server_name"}

// mergeDefaults drops what [defaults] say and the account's own keys rule out.
func (r *reader) mergeDefaults(n *node, a *Account) {
	if a.OAuth != nil {
		o := *a.OAuth
		a.OAuth = &o
	}
	auth := n.child("auth")
	password := auth != nil && auth.content != "auto" && !slices.Contains(tokenMethods, auth.content)
	if password || slices.ContainsFunc(sources, func(name string) bool { return n.child(name) != nil }) {
		a.OAuth = nil
	}
	if slices.Contains(tokenMethods, a.Auth) && auth == nil && n.child("oauth") == nil && a.OAuth == nil {
		a.Auth = ""
	}
	if tls := n.child("tls"); tls != nil && tls.content == InsecurePlaintext {
		a.CAFile, a.MinTLS, a.ServerName = "", "", ""
	}
}

// agree checks that the keys of an account fit together.
func (r *reader) agree(n *node, a *Account) {
	r.agreeSources(n)
	r.agreeAuth(n, a)
	r.agreeTLS(n, a)
	if a.SourceAddress != "" && (a.AddressFamily == "ipv4" || a.AddressFamily == "ipv6") {
		address, err := netip.ParseAddr(a.SourceAddress)
		if err == nil && address.Unmap().Is4() != (a.AddressFamily == "ipv4") {
			r.faultOf(n, "source_address", "is not of the address_family "+a.AddressFamily, "remove one of them")
		}
	}
}

// faultOf says that a key is wrong, which may stand in [defaults]: then the
// account is.
func (r *reader) faultOf(n *node, name, reason, advice string) {
	if child := n.child(name); child != nil {
		r.faultKey(child, reason, advice)
		return
	}
	r.faultKey(n, name+" of [defaults] "+reason, advice)
}

// agreeSources refuses a second source: the first is asked, and if it fails no
// other is.
func (r *reader) agreeSources(n *node) {
	first := ""
	for _, name := range sources {
		source := n.child(name)
		if source == nil || name == "keyring" && source.content == "false" {
			continue
		}
		if first != "" {
			r.faultKey(source, "is never asked, because "+first+" is", "remove one of them")
			return
		}
		first = name
	}
	if first != "" && n.child("oauth") != nil {
		r.faultOf(n, first, "is not used, because there is oauth", "remove one of them")
	}
}

// agreeAuth checks that there is what the method sends.
func (r *reader) agreeAuth(n *node, a *Account) {
	switch {
	case slices.Contains(tokenMethods, a.Auth) && a.OAuth == nil:
		r.faultOf(n, "auth", a.Auth+" needs a token, and there is no oauth", "add "+example("oauth")+", or token_command in it")
	case a.Auth != "" && a.Auth != "auto" && !slices.Contains(tokenMethods, a.Auth) && a.OAuth != nil:
		r.faultOf(n, "auth", a.Auth+" sends no token, and oauth gives nothing else", `write auth = "auto", or remove oauth`)
	case a.Auth == "external" && a.ClientCert == "":
		r.faultOf(n, "auth", "external logs in by a certificate, and there is no client_cert", "add "+example("client_cert"))
	case strings.HasSuffix(a.Auth, "-plus") && a.TLS == InsecurePlaintext:
		r.faultOf(n, "auth", a.Auth+" binds the login to TLS, and there is none", `write tls = "implicit"`)
	}
}

// agreeTLS checks that there is TLS for what needs it.
func (r *reader) agreeTLS(n *node, a *Account) {
	if a.ClientKey != "" && a.ClientCert == "" {
		r.faultOf(n, "client_key", "is of no use without client_cert", "add "+example("client_cert"))
	}
	if a.TLS == "" && a.Port == 110 {
		r.faultOf(n, "port", "110 is for connections that begin without TLS, and tls does not say so", `add tls = "starttls", or write port = 995`)
	}
	if a.TLS != InsecurePlaintext {
		return
	}
	for _, name := range tlsKeys {
		if child := n.child(name); child != nil {
			r.faultKey(child, `means nothing with tls = "insecure-plaintext"`, `remove it, or write tls = "implicit" or "starttls"`)
		}
	}
	if a.Port == 995 {
		r.faultOf(n, "port", "995 is for TLS, and there is none", `write tls = "implicit"`)
	}
}
