package config

import (
	"fmt"
	"slices"

	"github.com/popherd/popherd/luabind"
)

// Of which runs somebody is told, as [Notify] has them.
const (
	onFailure = "failure"
	onOver    = "over"
)

// A notice is a notify while it is read.
type notice struct {
	on []string // nil: not said
	Notify
}

// notifyKeys are the keys of a job's notify.
func notifyKeys() []key[notice] {
	return []key[notice]{
		{"on", false, func(r *reader, y *notice, n *node) {
			r.each(n, func(element *node) { y.on = append(y.on, r.choice(element, onFailure, onOver)) })
		}},
		{"over", false, func(r *reader, y *notice, n *node) {
			deletions := int(r.whole(n, 0, 1_000_000_000))
			y.Over = &deletions
		}},
		{"command", false, func(r *reader, y *notice, n *node) { y.Command = r.argv(n) }},
		{"target", false, func(r *reader, y *notice, n *node) { y.Target = r.targetName(n) }},
	}
}

// notify reads whom to tell of runs. What is not said of which is: those that
// fail, and those over the number of deletions if there is one.
func (r *reader) notify(n *node) *Notify {
	if !r.isTable(n, "jobs.NAME.notify") {
		return nil
	}
	y := &notice{}
	before := len(r.found)
	read(r, n, notifyKeys(), y)
	over := slices.Contains(y.on, onOver)
	switch {
	case len(r.found) > before:
	case n.child("command") == nil && n.child("target") == nil:
		r.faultKey(n, "tells nobody", "write a command in it, or a target")
	case over && y.Over == nil:
		r.fault(n.child("on"), `has "over", and there is no number of deletions`, "add "+example("over"))
	case y.Over != nil && y.on != nil && !over:
		r.faultKey(n.child("over"), `is not used, because on has no "over"`, `write on = ["failure", "over"]`)
	}
	y.Failure = y.on == nil || slices.Contains(y.on, onFailure)
	return &y.Notify
}

// targetName reads the name of a target that the file has.
func (r *reader) targetName(n *node) string {
	text := r.single(n)
	var names []string
	for _, t := range r.made.Targets {
		names = append(names, t.Name)
	}
	if text == "" || slices.Contains(names, text) {
		return text
	}
	advice := "write one below [targets], and its name here"
	if meant := luabind.Suggest(text, names); meant != "" && text == n.content {
		advice = fmt.Sprintf("did you mean %q?", meant)
	}
	r.fault(n, "is not the name of a target", advice)
	return ""
}
