// Package policy holds, as plain values, what the host permits a script: the
// hosts it may name, the hosts that may be spoken to without TLS, how many
// messages it may delete, whether it may send commands of its own, and how
// long it may take. It parses, compares and explains; it opens, dials and
// deletes nothing, and it asks nobody.
package policy

import "strconv"

// Policy is what the host permits one run. The zero value permits nothing,
// and gives every wait its default limit.
type Policy struct {
	// Net lists the hosts a script may name itself (--allow-net). The host of
	// the run's own account is not in it: that one is implied.
	Net Hosts
	// Plaintext lists the hosts that may be spoken to without TLS
	// (--allow-plaintext). Loopback is not implied.
	Plaintext Hosts
	// DenyNet and DenyPlaintext list hosts that the two above do not hold,
	// whatever they say (--deny-net, --deny-plaintext).
	DenyNet, DenyPlaintext Hosts
	// Delete caps the deletions of one run (--allow-delete).
	Delete Cap
	// Raw permits commands that the script words itself (--allow-raw).
	Raw bool
	// Timeouts limits every wait. Read it through [Timeouts.OrDefaults].
	Timeouts Timeouts
}

// CheckNet returns nil when a script may name host and port, and otherwise an
// [*Error] with the flag that would permit it.
func (p Policy) CheckNet(host string, port int) error {
	if err := p.DeniesNet(host, port); err != nil {
		return err
	}
	return check(p.Net, "--allow-net", "the script may not connect to this host", host, port)
}

// CheckPlaintext returns nil when host and port may be spoken to without TLS,
// and otherwise an [*Error] with the flag that would permit it.
func (p Policy) CheckPlaintext(host string, port int) error {
	if err := p.DeniesPlaintext(host, port); err != nil {
		return err
	}
	return check(p.Plaintext, "--allow-plaintext", "no mail and no password without TLS", host, port)
}

// DeniesNet returns an [*Error] when nothing may connect to host and port, not
// even for an account, and nil otherwise.
func (p Policy) DeniesNet(host string, port int) error {
	if p.DenyNet.Allows(host, port) {
		return denied(host, port, "--deny-net")
	}
	return nil
}

// DeniesPlaintext returns an [*Error] when host and port may not be spoken to
// without TLS, even by an account that is set up so, and nil otherwise.
func (p Policy) DeniesPlaintext(host string, port int) error {
	if p.DenyPlaintext.Allows(host, port) {
		return denied(host, port, "--deny-plaintext")
	}
	return nil
}

// denied is the error for a host that was denied by name: no other flag helps.
func denied(host string, port int, flag string) error {
	return &Error{Object: strconv.Quote(hostPort(host, port)), Reason: "denied by " + flag}
}

// A Request is one permission that a script asked for.
type Request struct {
	Permission string `json:"permission"` // "net", "plaintext", "delete", "raw" or "read"
	Object     string `json:"object"`     // host:port, a count of messages and their account, a command, a file
	Granted    bool   `json:"granted"`
}

func check(hosts Hosts, flag, reason, host string, port int) error {
	if hosts.Allows(host, port) {
		return nil
	}
	// No flag can permit a host and port that no list could hold; and what a
	// script calls a host is quoted before a person sees it.
	pattern, err := parsePattern(hostPort(host, port))
	if err != nil {
		return &Error{Object: strconv.Quote(hostPort(host, port)), Reason: "not a host and port"}
	}
	return &Error{Object: pattern.String(), Reason: reason, Flag: flag + "=" + pattern.String()}
}
