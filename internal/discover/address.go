package discover

import (
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// An address is a mail address that was looked at.
type address struct {
	local  string // as typed
	domain string // ASCII, lower case, at least two labels
}

func (a address) String() string { return a.local + "@" + a.domain }

// parseAddress takes "user@domain", the domain in ASCII or any script. What a
// local part may hold is the server's matter, but it goes into a URL and later
// into a command.
func parseAddress(text string) (address, error) {
	text = strings.TrimSpace(text)
	at := strings.LastIndexByte(text, '@')
	switch {
	case at < 0:
		return address{}, &AddressError{Address: text, Reason: "has no @"}
	case at == 0:
		return address{}, &AddressError{Address: text, Reason: "has nothing before the @"}
	case len(text) > 254: // RFC 5321 §4.5.3.1.3
		return address{}, &AddressError{Address: text[:32] + "...", Reason: "is longer than 254 octets"}
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar }):
		return address{}, &AddressError{Address: text, Reason: "has a blank or a control character"}
	}
	host, ok := hostname(text[at+1:])
	if !ok {
		return address{}, &AddressError{Address: text, Reason: "has no domain name after the @"}
	}
	return address{local: text[:at], domain: host}, nil
}

// hostname returns the ASCII form of a full domain name, such as a certificate
// can have; not of an IP address, nor of a name without a dot, which would be
// some machine of the local network.
func hostname(name string) (string, bool) {
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
	if err != nil || len(ascii) > 253 {
		return "", false
	}
	ascii = strings.ToLower(ascii)
	labels := strings.Split(ascii, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return "", false
		}
	}
	top := labels[len(labels)-1]
	return ascii, len(labels) > 1 && strings.Trim(top, "0123456789") != ""
}

// within reports whether a host is a domain or below it.
func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}
