package config

import (
	"errors"
	"fmt"
	"strings"
)

// Globs are bounded, for each is held against each account.
const (
	maxGlobs = 1000 // different ones, of all jobs
	maxGlob  = 200  // octets
)

// patterns reads which accounts a job is for. Each pattern must name one.
func (r *reader) patterns(n *node) (patterns []string) {
	r.each(n, func(element *node) {
		text := r.single(element)
		switch {
		case text == "":
			return
		case text == "all" && len(r.made.Accounts) > 0, r.named[text]:
		case strings.Contains(text, "://"):
			r.fault(element, "is no account's name", "write an [accounts.NAME] that says where it is, and the name here")
		case r.globs == maxGlobs || len(text) > maxGlob:
			r.fault(element, "is one pattern too many, or too long", `write names, or "all"`)
		default:
			r.globs++
			r.matches(element, text)
		}
		patterns = append(patterns, text)
	})
	return patterns
}

// matches checks that a pattern names an account.
func (r *reader) matches(n *node, text string) {
	if len(r.found) > mostFaults && !strings.ContainsAny(text, "*?[") {
		r.fault(n, "no such account", "popherd accounts list shows their names") // to look for similar ones takes long
		return
	}
	err := r.made.choose(text, make([]bool, len(r.made.Accounts)))
	var wrong *Error
	if !errors.As(err, &wrong) {
		r.named[text] = true
		return
	}
	reason := wrong.Reason
	if shown(r.text, n) && text == n.content {
		reason = fmt.Sprintf("%s: %s", quote(text), reason)
	}
	r.fault(n, reason, wrong.Advice)
}
