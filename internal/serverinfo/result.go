package serverinfo

import (
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/pop3"
)

// A Result is what a server is like. Its texts are as the server sent them:
// they must be cleaned before a person sees them.
type Result struct {
	Host         string       `json:"host"`
	Mode         string       `json:"tls_mode"` // "implicit", "starttls" or Plain
	Examined     time.Time    `json:"examined"`
	Greeting     string       `json:"greeting"`
	Timestamp    string       `json:"apop_timestamp,omitempty"` // "<...@...>"; empty if the server has no APOP
	TLS          *TLS         `json:"tls,omitempty"`            // nil without
	Capabilities Capabilities `json:"capabilities"`
	Mechanisms   []string     `json:"mechanisms"`         // of SASL, before login
	Method       string       `json:"login,omitempty"`    // what Login used; empty when it was not called or failed
	Maildrop     *Maildrop    `json:"maildrop,omitempty"` // nil without login
	Findings     []Finding    `json:"findings"`
}

// Capabilities are what CAPA listed; nil where it was not asked for or is not
// known to the server.
type Capabilities struct {
	BeforeTLS   pop3.Capabilities `json:"before_tls,omitempty"` // only with STLS
	BeforeLogin pop3.Capabilities `json:"before_login,omitempty"`
	AfterLogin  pop3.Capabilities `json:"after_login,omitempty"`
}

// TLS is how a session is protected.
type TLS struct {
	Version     string       `json:"version"` // "TLS 1.3"
	Cipher      string       `json:"cipher"`
	Certificate *Certificate `json:"certificate,omitempty"`
}

// A Certificate is the server's own, of the chain it sent.
type Certificate struct {
	Subject     string    `json:"subject"`
	Names       []string  `json:"names"` // host names and addresses that it is valid for
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"not_before"`
	NotAfter    time.Time `json:"not_after"`
	DaysLeft    int       `json:"days_left"`   // whole days until NotAfter; negative after it
	Fingerprint string    `json:"fingerprint"` // "sha256:" and 64 lower-case hex digits, as the configuration takes it
}

// A Maildrop is what a login shows.
type Maildrop struct {
	Count     int        `json:"count"`
	Octets    int64      `json:"octets"`
	UniqueIDs *UniqueIDs `json:"unique_ids,omitempty"` // nil if the server has no UIDL
	Top       *Top       `json:"top,omitempty"`        // nil if nothing was looked at
}

// UniqueIDs is what UIDL gave.
type UniqueIDs struct {
	Listed    int       `json:"listed"`
	Missing   int       `json:"missing"`   // messages of LIST that have none, or an empty one
	Repeated  int       `json:"repeated"`  // more than the first of each
	Malformed int       `json:"malformed"` // with octets that RFC 1939 does not allow
	Longest   int       `json:"longest"`   // octets; RFC 1939 allows 70
	Stable    Stability `json:"stable"`    // from one session to the next
}

// A Stability says whether unique-ids last.
type Stability string

// The stabilities.
const (
	Unknown Stability = "unknown" // there was no second session, or there is no message
	Stable  Stability = "yes"     // every one was there again
	Changed Stability = "changed" // some were not: messages may have been removed meanwhile
	Lost    Stability = "no"      // none was
)

// Top is what TOP gave for some messages, of which those up to 64 KiB were also
// asked for with as many lines as they can have.
type Top struct {
	Looked     int `json:"looked"`
	Refused    int `json:"refused"`     // with -ERR
	WithBody   int `json:"with_body"`   // TOP n 0 gave lines of the body
	Counted    int `json:"counted"`     // messages that were small enough to count
	Miscounted int `json:"miscounted"`  // of those: TOP n 2 did not give the first two lines of the body
	SizeDiffer int `json:"size_differ"` // of those: LIST announced another number of octets than arrived
}

// A Finding is one thing worth knowing about a server.
type Finding struct {
	Level   string `json:"level"`   // "ok", "info", "warning" or "error"
	Subject string `json:"subject"` // "certificate", "unique-ids", "TOP"
	Text    string `json:"text"`    // may hold the server's text
	Advice  string `json:"advice,omitempty"`
}

// arguments returns a capability's arguments, whatever its case.
func arguments(caps pop3.Capabilities, name string) []string {
	for have, args := range caps {
		if strings.EqualFold(have, name) {
			return args
		}
	}
	return nil
}

// argument returns a capability's first argument, which after login may be
// another than before (RFC 2449 §6.5, "USER").
func (c Capabilities) argument(name string) string {
	for _, caps := range []pop3.Capabilities{c.AfterLogin, c.BeforeLogin} {
		if args := arguments(caps, name); len(args) > 0 {
			return args[0]
		}
	}
	return ""
}

// has reports whether a capability is listed after TLS or login.
func (c Capabilities) has(name string) bool {
	return c.AfterLogin.Has(name) || c.BeforeLogin.Has(name)
}

// number reads an argument of CAPA.
func number(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0
}

// timestamp returns the one <...> of a greeting, which makes APOP possible
// (RFC 1939 §7).
func timestamp(greeting string) string {
	start, end := strings.IndexByte(greeting, '<'), strings.IndexByte(greeting, '>')
	if start < 0 || end < start+2 || strings.Count(greeting, "<") != 1 || strings.Count(greeting, ">") != 1 {
		return ""
	}
	return greeting[start : end+1]
}
