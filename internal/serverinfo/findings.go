package serverinfo

import (
	"fmt"
	"slices"
	"strings"
)

// The levels of findings.
const (
	good    = "ok"
	note    = "info"
	warning = "warning"
	fault   = "error"
)

// soonDays is when a certificate that nobody renews by hand would have been
// renewed: Let's Encrypt's are, 30 days before.
const soonDays = 14

// judge says what to think of the facts.
func (r *Result) judge(known []string) {
	if r.Greeting != "" { // else the server was not reached
		r.judgeClear()
	}
	if r.TLS != nil || r.Mode == Plain && r.Greeting != "" {
		r.judgeTLS()
		r.judgeCapabilities()
	}
	if m := r.Maildrop; m != nil {
		r.judgeUniqueIDs(m)
		r.judgeTop(m)
	}
	for _, text := range known {
		r.find(note, "server", text, "")
	}
}

func (r *Result) find(level, subject, text, advice string) {
	r.Findings = append(r.Findings, Finding{Level: level, Subject: subject, Text: text, Advice: advice})
}

func (r *Result) judgeTLS() {
	if r.TLS == nil {
		r.find(warning, "TLS", "there is none: anyone on the way can read and change everything", `set tls to "implicit" or "starttls"`)
		return
	}
	r.find(good, "TLS", r.TLS.Version+", "+r.TLS.Cipher, "")
	c := r.TLS.Certificate
	switch {
	case c == nil:
	case c.DaysLeft < 0:
		r.find(warning, "certificate", "expired on "+c.NotAfter.Format("2006-01-02"), "it was taken only since its fingerprint is configured: ask for a new one")
	case c.DaysLeft < soonDays:
		r.find(warning, "certificate", fmt.Sprintf("expires in %d days, on %s", c.DaysLeft, c.NotAfter.Format("2006-01-02")), "the server's administrator has to renew it")
	default:
		r.find(good, "certificate", fmt.Sprintf("valid for %d days more", c.DaysLeft), "")
	}
}

// judgeClear looks at what a server offers before STLS.
func (r *Result) judgeClear() {
	caps := r.Capabilities.BeforeTLS
	if r.Mode != "starttls" || caps == nil {
		return
	}
	if caps.Has("USER") || slices.ContainsFunc(arguments(caps, "SASL"), inClear) {
		r.find(note, "before TLS", "the server takes passwords without TLS", "popherd sends none, but other programs may: implicit TLS is the safer mode")
	}
}

// inClear reports whether a mechanism shows the password to a listener.
func inClear(mechanism string) bool {
	return strings.EqualFold(mechanism, "PLAIN") || strings.EqualFold(mechanism, "LOGIN")
}

func (r *Result) judgeCapabilities() {
	caps := r.Capabilities
	if caps.BeforeLogin == nil && caps.AfterLogin == nil {
		r.find(note, "capabilities", "the server does not know CAPA", "")
		return
	}
	if caps.has("PIPELINING") {
		r.find(good, "PIPELINING", "many commands go in one round trip", "")
	} else {
		r.find(note, "PIPELINING", "not offered: every command takes a round trip", "")
	}
	if delay, isNumber := number(caps.argument("LOGIN-DELAY")); isNumber && delay > 0 {
		r.find(note, "LOGIN-DELAY", fmt.Sprintf("%d seconds must pass between logins", delay), "do not run jobs more often")
	}
	switch expire := caps.argument("EXPIRE"); {
	case expire == "" || strings.EqualFold(expire, "NEVER"):
	case expire == "0":
		r.find(warning, "EXPIRE", "0 days: the server may remove a message as soon as it was retrieved", "deliver every message that a script retrieves")
	default:
		r.find(note, "EXPIRE", expire+" days: after them the server may remove a message", "")
	}
}

func (r *Result) judgeUniqueIDs(m *Maildrop) {
	const subject, again = "unique-ids", "messages may be delivered twice: popherd compares their content where it can"
	u := m.UniqueIDs
	if u == nil {
		r.find(warning, subject, "the server has no UIDL", "popherd cannot know a message again in the next session: delete what was delivered")
		return
	}
	before := len(r.Findings)
	if u.Missing > 0 {
		r.find(warning, subject, fmt.Sprintf("%d of %s without one", u.Missing, messages(m.Count)), again)
	}
	if u.Repeated > 0 {
		r.find(warning, subject, fmt.Sprintf("%d of %d repeat another's", u.Repeated, u.Listed), again)
	}
	if u.Malformed > 0 {
		r.find(warning, subject, fmt.Sprintf("%d of %d have octets that RFC 1939 does not allow", u.Malformed, u.Listed), "")
	}
	if u.Longest > 70 {
		r.find(warning, subject, fmt.Sprintf("the longest has %d octets, RFC 1939 allows 70", u.Longest), "")
	}
	switch u.Stable {
	case Lost:
		r.find(fault, subject, "none lasted until the next session", "popherd cannot know a message again: delete what was delivered")
	case Changed:
		r.find(note, subject, "some were gone in the next session", "if nothing else removed messages meanwhile, "+again)
	case Stable:
		if len(r.Findings) == before {
			r.find(good, subject, fmt.Sprintf("%d, each another, the same in two sessions", u.Listed), "")
		}
	case Unknown:
		if len(r.Findings) == before && u.Listed > 0 {
			r.find(note, subject, fmt.Sprintf("%d, each another; a second session to compare them was not to be had", u.Listed), "")
		}
	}
}

func (r *Result) judgeTop(m *Maildrop) {
	t := m.Top
	if t == nil {
		return
	}
	before := len(r.Findings)
	if t.Refused > 0 {
		r.find(warning, "TOP", fmt.Sprintf("refused for %d of %s", t.Refused, messages(t.Looked)), "rules that look at headers need the whole message there")
	}
	if t.WithBody > 0 {
		r.find(note, "TOP", fmt.Sprintf("TOP n 0 gave lines of the body for %d of %s", t.WithBody, messages(t.Looked)), "")
	}
	if t.Miscounted > 0 {
		r.find(note, "TOP", fmt.Sprintf("TOP n 2 did not give two lines of the body for %d of %s", t.Miscounted, messages(t.Counted)), "")
	}
	if len(r.Findings) == before {
		r.find(good, "TOP", "right in "+messages(t.Looked)+" looked at", "")
	}
	switch {
	case t.SizeDiffer > 0:
		r.find(note, "sizes", fmt.Sprintf("LIST announced another size than arrived for %d of %s", t.SizeDiffer, messages(t.Counted)), "rules and limits that go by size go by what the server announces")
	case t.Counted > 0:
		r.find(good, "sizes", "LIST was right about "+messages(t.Counted)+" counted", "")
	}
}

// messages returns a number of messages in words.
func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}
