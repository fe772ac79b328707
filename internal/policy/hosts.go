package policy

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// AnyHost is the word for every host on every port: what "--allow-net" means
// when it is given without a value.
const AnyHost = "*"

// Hosts is a set of hosts, each with or without a port. The zero value holds
// none.
type Hosts struct {
	any      bool
	patterns []HostPattern
}

// HostPattern is one host of a [Hosts], as [ParseHosts] made it.
type HostPattern struct {
	Host string // a name in lower case without a trailing dot, or an IP address without brackets
	Port int    // 1 to 65535, or 0 for every port
}

// ParseHosts reads lists of HOST[:PORT], separated by commas. An IPv6 address
// stands in brackets: [2001:db8::1]:995. [AnyHost] stands for every host; the
// empty string is refused, for it is what a forgotten shell variable leaves
// behind. No list at all gives the empty set.
func ParseHosts(lists ...string) (Hosts, error) {
	var hosts Hosts
	for _, list := range lists {
		for entry := range strings.SplitSeq(list, ",") {
			if entry = strings.TrimSpace(entry); entry == AnyHost {
				hosts.any = true
				continue
			}
			pattern, err := parsePattern(entry)
			if err != nil {
				return Hosts{}, err
			}
			if !slices.Contains(hosts.patterns, pattern) {
				hosts.patterns = append(hosts.patterns, pattern)
			}
		}
	}
	return hosts, nil
}

// ParseNamedHosts is [ParseHosts] without [AnyHost]: for what is risky enough
// that each host has to be named, such as speaking without TLS.
func ParseNamedHosts(lists ...string) (Hosts, error) {
	hosts, err := ParseHosts(lists...)
	if err == nil && hosts.any {
		return Hosts{}, fmt.Errorf("host %q: too wide; name each host", AnyHost)
	}
	return hosts, err
}

// Allows reports whether the set holds the host on that port. Names compare
// without regard to the case of ASCII letters and to one trailing dot; IP
// addresses by value, brackets or not. A port outside 1 to 65535 is in no set.
func (h Hosts) Allows(host string, port int) bool {
	if port < 1 || port > maxPort || host == "" {
		return false
	}
	host = canonicalHost(host)
	return h.any || slices.ContainsFunc(h.patterns, func(p HostPattern) bool {
		return p.Host == host && (p.Port == 0 || p.Port == port)
	})
}

// IsZero reports whether the set is empty.
func (h Hosts) IsZero() bool { return !h.any && len(h.patterns) == 0 }

// String returns the set as [ParseHosts] reads it; "" for the empty set.
func (h Hosts) String() string {
	if h.any {
		return AnyHost
	}
	entries := make([]string, len(h.patterns))
	for i, p := range h.patterns {
		entries[i] = p.String()
	}
	return strings.Join(entries, ",")
}

// String returns HOST or HOST:PORT, an IPv6 address in brackets.
func (p HostPattern) String() string {
	if p.Port != 0 {
		return hostPort(p.Host, p.Port)
	}
	return bracket(p.Host)
}

const maxPort = 65535

// parsePattern reads HOST[:PORT].
func parsePattern(entry string) (HostPattern, error) {
	host, port, err := splitPort(entry)
	if err != nil {
		return HostPattern{}, fmt.Errorf("host %q: %w", entry, err)
	}
	pattern := HostPattern{Host: canonicalHost(host)}
	if err := checkHost(pattern.Host); err != nil {
		return HostPattern{}, fmt.Errorf("host %q: %w", entry, err)
	}
	if port == nil {
		return pattern, nil
	}
	pattern.Port, err = parseDigits(*port)
	if err != nil || pattern.Port < 1 || pattern.Port > maxPort {
		return HostPattern{}, fmt.Errorf("host %q: port %q is not a number from 1 to %d", entry, *port, maxPort)
	}
	return pattern, nil
}

// splitPort cuts an entry at its port, which is nil when there is none. It
// keeps the brackets of an IPv6 address.
func splitPort(entry string) (host string, port *string, err error) {
	if rest, ok := strings.CutPrefix(entry, "["); ok {
		address, after, closed := strings.Cut(rest, "]")
		addr, err := netip.ParseAddr(address)
		if !closed || err != nil || !addr.Is6() {
			return "", nil, errors.New("only an IPv6 address stands in brackets; write [2001:db8::1]:995")
		}
		host = "[" + address + "]"
		if after == "" {
			return host, nil, nil
		}
		if digits, ok := strings.CutPrefix(after, ":"); ok {
			return host, &digits, nil
		}
		return "", nil, errors.New("only a port may follow the bracket; write [2001:db8::1]:995")
	}
	if strings.Contains(entry, "/") {
		return "", nil, errors.New("not a host; give it without scheme, path or network mask")
	}
	host, digits, found := strings.Cut(entry, ":")
	if strings.Contains(digits, ":") {
		return "", nil, errors.New("more than one colon; write an IPv6 address in brackets, such as [2001:db8::1]:995")
	}
	if !found {
		return host, nil, nil
	}
	return host, &digits, nil
}

// checkHost refuses what can be neither an IP address nor a host name.
func checkHost(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		// A zone is any text to netip, terminal controls included.
		if strings.ContainsFunc(strings.ToLower(addr.Zone()), notHostOctet) {
			return errors.New("not a zone; name a network interface, such as [fe80::1%eth0]")
		}
		return nil
	}
	switch {
	case host == "":
		return errors.New("no host; give a name or an address")
	case strings.Contains(host, "*"):
		return errors.New("no patterns here; name each host")
	case strings.ContainsFunc(host, func(r rune) bool { return r >= 0x80 }):
		return errors.New("not ASCII; give the name in its xn-- form")
	case strings.ContainsFunc(host, notHostOctet):
		return errors.New("not a host name; it has letters, digits, hyphens and dots")
	case slices.Contains(strings.Split(host, "."), ""):
		return errors.New("not a host name; nothing between two dots")
	}
	return nil
}

// hostOctets may stand in a host name. The underscore is not in RFC 1123, but
// container networks give such names.
const hostOctets = "abcdefghijklmnopqrstuvwxyz0123456789-._"

func notHostOctet(r rune) bool { return !strings.ContainsRune(hostOctets, r) }

// canonicalHost gives every spelling of one host the same form. It changes
// ASCII letters only: strings.ToLower turns the Kelvin sign into a "k", and
// the set would then hold a name that the resolver takes for another.
func canonicalHost(host string) string {
	bare := host
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		bare = host[1 : len(host)-1]
	}
	if addr, err := netip.ParseAddr(bare); err == nil && (bare == host || addr.Is6()) {
		return addr.Unmap().String()
	}
	lower := []byte(strings.TrimSuffix(host, "."))
	for i, b := range lower {
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + 'a' - 'A'
		}
	}
	return string(lower)
}

func hostPort(host string, port int) string {
	return bracket(host) + ":" + strconv.Itoa(port)
}

// bracket puts an IPv6 address in brackets, and leaves everything else.
func bracket(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}
