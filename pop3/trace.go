package pop3

import (
	"cmp"
	"slices"
	"strings"
)

// A TraceEvent is one line on the wire, or the text behind a reply.
type TraceEvent struct {
	Sent   bool   // by the client
	Line   string // without its line end, secrets replaced by "***"; empty for a text
	Octets int64  // of a text, whose content is never traced
}

// secrets are what must not appear in traces and errors, not even when the
// server repeats it.
type secrets []string

// hidden stands where a secret stood.
const hidden = "***"

// add remembers a secret. The longest come first: one may be a part of another.
func (s *secrets) add(secret string) {
	if secret == "" || slices.Contains(*s, secret) {
		return
	}
	*s = append(*s, secret)
	slices.SortStableFunc(*s, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
}

// redact replaces every secret in a line of the server. The status indicator
// is kept: a password of "OK" must not hide it.
func (s secrets) redact(line string) string {
	kept := 0
	for _, indicator := range []string{"+OK", "-ERR"} {
		first, _, _ := strings.Cut(line, " ")
		if strings.EqualFold(first, indicator) {
			kept = len(indicator)
		}
	}
	return line[:kept] + s.hide(line[kept:])
}

// hide replaces every secret in text.
func (s secrets) hide(text string) string {
	for _, secret := range s {
		if len(secret) < shortSecret {
			text = hideWord(text, secret)
		} else {
			text = strings.ReplaceAll(text, secret, hidden)
		}
	}
	return text
}

// shortSecret is the length from which a secret is hidden within words too. A
// shorter one is in too many: "m***ssag***" would spell it out.
const shortSecret = 4

// hideWord replaces a secret where it stands as a word of its own.
func hideWord(text, secret string) string {
	var safe strings.Builder
	for from := 0; ; {
		i := strings.Index(text[from:], secret)
		if i < 0 {
			return safe.String() + text[from:]
		}
		start, end := from+i, from+i+len(secret)
		safe.WriteString(text[from:start])
		if (start == 0 || !inWord(text[start-1])) && (end == len(text) || !inWord(text[end])) {
			safe.WriteString(hidden)
		} else {
			safe.WriteString(secret)
		}
		from = end
	}
}

func inWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= 0x80
}

// trace tells Options.Trace, one event at a time: a pipeline's writer traces
// while replies are read.
func (c *Client) trace(e TraceEvent) {
	if c.opts.Trace == nil {
		return
	}
	c.tracing.Lock()
	defer c.tracing.Unlock()
	c.opts.Trace(e)
}
