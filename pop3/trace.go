package pop3

import "strings"

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

// add remembers s and reports it hidden.
func (s *secrets) add(secret string) {
	if secret != "" {
		*s = append(*s, secret)
	}
}

// redact replaces every secret in a line of the server. The status indicator
// is kept: a password of "OK" must not hide it.
func (s secrets) redact(line string) string {
	kept := 0
	for _, indicator := range []string{"+OK", "-ERR"} {
		if len(line) >= len(indicator) && strings.EqualFold(line[:len(indicator)], indicator) {
			kept = len(indicator)
		}
	}
	rest := line[kept:]
	for _, secret := range s {
		rest = strings.ReplaceAll(rest, secret, hidden)
	}
	return line[:kept] + rest
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
