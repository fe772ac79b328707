package config

import (
	"encoding/hex"
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/policy"
)

// host reads the name or the address of a server, without brackets.
func (r *reader) host(n *node) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	bare := strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	if _, err := netip.ParseAddr(bare); err == nil {
		return bare
	}
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		advice := write(n.name)
		if shown(r.text, n) && text == n.content {
			advice = "write " + n.name + " = " + strconv.Quote(u.Hostname())
		}
		r.fault(n, r.quoted(n)+" is a URL", advice)
		return ""
	}
	if strings.ContainsRune(text, '@') {
		r.fault(n, r.quoted(n)+" is an address of mail", "write the server, such as "+n.name+` = "pop.example.org"`)
		return ""
	}
	if name, port, found := strings.Cut(text, ":"); found {
		advice := write(n.name)
		if _, err := strconv.ParseUint(port, 10, 16); err == nil && text == n.content {
			advice = "write " + n.name + " = " + strconv.Quote(name)
			if n.name == "host" {
				advice += ", and port = " + port
			}
		}
		r.fault(n, r.quoted(n)+" is more than a host", advice)
		return ""
	}
	if _, err := policy.ParseNamedHosts(text); err != nil || strings.ContainsAny(text, ", ") {
		r.fault(n, r.quoted(n)+" is "+inner(err, "not a host name"), write(n.name))
		return ""
	}
	return strings.TrimSuffix(text, ".")
}

// inner is the reason of an error that repeats a value, without the value; or
// otherwise, where there is none.
func inner(err error, otherwise string) string {
	if within := errors.Unwrap(err); within != nil {
		return within.Error()
	}
	return otherwise
}

// fingerprint reads a SHA-256 fingerprint in one of the spellings of OpenSSL.
func (r *reader) fingerprint(n *node) string {
	text := strings.ToLower(r.single(n))
	if text == "" {
		return ""
	}
	for _, prefix := range []string{"sha256:", "sha-256:", "sha256 fingerprint="} {
		text = strings.TrimPrefix(text, prefix)
	}
	digits := strings.ReplaceAll(text, ":", "")
	octets, err := hex.DecodeString(digits)
	const advice = `write "sha256:" and 64 hexadecimal digits: popherd accounts serverinfo shows them`
	switch {
	case err != nil:
		r.fault(n, "is not a fingerprint in hexadecimal digits", advice)
	case len(octets) == 20:
		r.fault(n, "is a SHA-1 fingerprint, which can be forged", advice)
	case len(octets) != 32:
		r.fault(n, "has "+strconv.Itoa(len(digits))+" hexadecimal digits, not 64", advice)
	default:
		return "sha256:" + digits
	}
	return ""
}

// proxy reads the URL of a SOCKS5 proxy.
func (r *reader) proxy(n *node) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme == "" || u.Host == "":
		r.fault(n, r.quoted(n)+" is not a URL", write(n.name))
	case u.Scheme != "socks5":
		r.fault(n, "is not a SOCKS5 proxy", "write "+n.name+` = "socks5://HOST:PORT"; host names are looked up by the proxy`)
	case u.User != nil:
		r.fault(n, "has a user: a password would stand in the file", "write "+n.name+` = "socks5://HOST:PORT"`)
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		r.fault(n, r.quoted(n)+" is more than a host and a port", write(n.name))
	default:
		return r.socks(n, u)
	}
	return ""
}

// socks is the proxy with its port: 1080 unless it is given, RFC 1928 section 3.
func (r *reader) socks(n *node, u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	if port == "" {
		port = "1080"
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if _, err := policy.ParseNamedHosts(host + ":" + port); err != nil {
		r.fault(n, r.quoted(n)+" has a wrong host or port", write(n.name))
		return ""
	}
	return "socks5://" + host + ":" + port
}
