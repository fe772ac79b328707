package config

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/popherd/popherd/luabind"
)

// A reader turns a tree into a Config. It goes on after a fault, so that a
// person sees them all at once.
type reader struct {
	name     string // of the file
	base     string // its folder, absolute
	text     []byte
	comments []place
	options  Options
	blind    bool        // the options are not known: what refers to them is passed over
	open     bool        // others can read the file
	mode     fs.FileMode // of the file, for the error

	made       *Config         // what was read so far
	named      map[string]bool // the names of the accounts, and patterns that name some
	globs      int             // different ones that jobs have
	sharedHost bool            // [defaults] have a host
	passed     bool            // something was passed over
	found      []fault
}

// A fault is an [Error] whose place is not looked up yet.
type fault struct {
	at, end             int
	key, reason, advice string
}

// maxFound is after how many faults the reader gives up.
const maxFound = 200

// full reports whether there are so many faults that no more are looked for.
func (r *reader) full() bool { return len(r.found) >= maxFound }

// fault says that a value is wrong.
func (r *reader) fault(n *node, reason, advice string) {
	r.faultAt(n, n.at, n.end, reason, advice)
}

// faultKey says that a key is wrong.
func (r *reader) faultKey(n *node, reason, advice string) {
	r.faultAt(n, n.keyAt, n.keyEnd, reason, advice)
}

func (r *reader) faultAt(n *node, at, end int, reason, advice string) {
	r.found = append(r.found, fault{at, end, n.path(), reason, advice})
}

// faults returns all that was found, in the order of the file.
func (r *reader) faults(root *node) error {
	if len(r.found) == 0 {
		return nil
	}
	slices.SortStableFunc(r.found, func(a, b fault) int { return cmp.Compare(a.at, b.at) })
	list := r.found[:min(len(r.found), mostFaults)]
	errs := &Errors{More: len(r.found) - len(list)}
	hidden := secrets(r.text, root)
	for _, f := range list {
		e := &Error{Path: r.name, Key: f.key, Reason: f.reason, Advice: f.advice}
		e.Line, e.Column = position(r.text, f.at)
		e.Excerpt = excerpt(r.text, f.at, f.end, hidden, r.comments)
		errs.List = append(errs.List, e)
	}
	return errs
}

// unknown says that there is no such key, and which one was meant.
func (r *reader) unknown(n *node, known []string) {
	advice := "popherd config schema lists the keys"
	if len(known) <= 10 {
		advice = "there are " + strings.Join(known, ", ")
	}
	if meant := cmp.Or(synonym(n.name, known), luabind.Suggest(n.name, known)); meant != "" {
		advice = fmt.Sprintf("did you mean %q?", meant)
	}
	what := "no such key"
	if n.isTable() || n.kind == unstable.ArrayTable {
		what = "no such table"
	}
	r.faultKey(n, what, advice)
}

// synonym returns what popherd calls a thing for which others have this name.
func synonym(name string, known []string) string {
	meant := strings.Fields(map[string]string{
		"server": "host", "hostname": "host", "address": "host listen", "login": "user", "email": "user", "mail": "user",
		"ssl": "tls", "security": "tls", "encryption": "tls", "timeout": "command_timeout", "mechanism": "auth", "sasl": "auth",
		"pin": "fingerprint", "bind": "source_address listen", "cert": "client_cert", "certificate": "client_cert",
		"passwd": "password", "pass": "password", "passwordeval": "password_command", "pass_cmd": "password_command",
		"account": "accounts", "rule": "script", "rules": "script", "lua": "script", "file": "script", "arguments": "args", "cron": "schedule", "when": "schedule",
		"every": "schedule", "timezone": "zone", "time_zone": "zone", "tz": "zone", "random_delay": "jitter", "splay": "jitter", "missed": "catch_up", "retry": "retries",
		"database": "db", "dsn": "db", "url": "db", "port": "listen", "history": "history_days", "concurrency": "workers", "threshold": "over", "to": "target",
	}[strings.ToLower(name)])
	for _, key := range meant {
		if slices.Contains(known, key) && key != name {
			return key
		}
	}
	return ""
}

// kinds say what a value is, for people.
var kinds = map[unstable.Kind]string{
	unstable.String: "a text", unstable.Integer: "a whole number", unstable.Float: "a number with a fraction", unstable.Bool: "true or false",
	unstable.Array: "a list", unstable.Table: "a table", unstable.ArrayTable: "a list of tables",
}

// is reports whether a value is of a kind; if not, that is a fault.
func (r *reader) is(n *node, kind unstable.Kind) bool {
	if n.kind == kind {
		return true
	}
	got := cmp.Or(kinds[n.kind], "a date or time")
	r.fault(n, fmt.Sprintf("is %s, not %s", got, kinds[kind]), r.rewrite(n, kind))
	return false
}

// rewrite is advice for a value of the wrong kind: the same one in another
// spelling, if that is all it needs.
func (r *reader) rewrite(n *node, kind unstable.Kind) string {
	if n.name == "" || !shown(r.text, n) {
		return write(n.name)
	}
	_, notNumber := strconv.Atoi(n.content)
	switch {
	case n.name == "schedule" || n.name == "listen": // no number is one
		return write(n.name)
	case kind == unstable.String && n.kind != unstable.Bool && n.content != "" && !n.isTable():
		return fmt.Sprintf("write %s = %q", n.name, n.content)
	case kind == unstable.Integer && notNumber == nil, kind == unstable.Bool && (n.content == "true" || n.content == "false"):
		return fmt.Sprintf("write %s = %s", n.name, n.content)
	case kind == unstable.Array && n.kind == unstable.String:
		return fmt.Sprintf("write %s = [%q]", n.name, n.content)
	}
	return write(n.name)
}

// quoted is a value as it stands in the file, or a word for it if it cannot be
// shown.
func (r *reader) quoted(n *node) string {
	if !shown(r.text, n) || strings.Contains(n.content, "\n") {
		return "the value"
	}
	return quote(n.content)
}

// single returns a text as filled does, which must not be empty. It is "" after
// a fault.
func (r *reader) single(n *node) string {
	if n.kind == unstable.String && n.content == "" {
		r.fault(n, "is empty", cmp.Or(write(n.name), "write a text, or remove it"))
		return ""
	}
	text, _ := r.filled(n)
	return text
}

// filled returns a text as it is meant: its variables filled in, and without
// control characters.
func (r *reader) filled(n *node) (text string, ok bool) {
	if !r.is(n, unstable.String) {
		return "", false
	}
	if text, ok = r.expand(n); !ok {
		return "", false
	}
	if strings.ContainsFunc(text, control) {
		r.fault(n, "holds a control character, such as the end of a line", "remove it")
		return "", false
	}
	return text, true
}

func control(c rune) bool { return c < ' ' || c >= 0x7f && c < 0xa0 }

// each looks at what is in a list, which must not be empty.
func (r *reader) each(n *node, look func(element *node)) {
	if !r.is(n, unstable.Array) {
		return
	}
	if len(n.children) == 0 {
		r.fault(n, "is empty", cmp.Or(write(n.name), "remove it"))
	}
	for _, element := range n.children {
		if r.full() {
			return
		}
		look(element)
	}
}

// list returns the texts of a list, each as single does.
func (r *reader) list(n *node) (texts []string) {
	r.each(n, func(element *node) {
		if text := r.single(element); text != "" {
			texts = append(texts, text)
		}
	})
	return texts
}

// boolean returns true or false; false after a fault.
func (r *reader) boolean(n *node) bool { return r.is(n, unstable.Bool) && n.content == "true" }

// whole returns a number of least to most; 0 after a fault.
func (r *reader) whole(n *node, least, most int64) int64 {
	if !r.is(n, unstable.Integer) {
		return 0
	}
	i, err := strconv.ParseInt(strings.ReplaceAll(n.content, "_", ""), 0, 64)
	switch {
	case err != nil || i > most && most < 1<<62, i < least && most < 1<<62:
		r.fault(n, fmt.Sprintf("%s is not a number from %d to %d", quoteNumber(n.content), least, most), write(n.name))
	case i < least:
		r.fault(n, fmt.Sprintf("%s is less than %d", quoteNumber(n.content), least), write(n.name))
	default:
		return i
	}
	return 0
}

func quoteNumber(s string) string { return strings.Trim(quote(s), `"`) }

// duration returns a time such as "30s", more than none; 0 after a fault.
func (r *reader) duration(n *node) time.Duration {
	if n.kind == unstable.Integer {
		r.fault(n, "is a number without a unit", fmt.Sprintf("write %s = %q", n.name, n.content+"s"))
		return 0
	}
	text := r.single(n)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		r.fault(n, r.quoted(n)+" is not a duration", write(n.name)+`; the units are "ms", "s", "m" and "h"`)
		return 0
	}
	if d <= 0 {
		r.fault(n, r.quoted(n)+" is no time at all", write(n.name))
		return 0
	}
	return d
}

// choice returns one of several words; "" after a fault.
func (r *reader) choice(n *node, words ...string) string {
	text := r.single(n)
	if text == "" || slices.Contains(words, text) {
		return text
	}
	advice := "write " + orList(words)
	if meant := luabind.Suggest(n.content, words); meant != "" && len(meant) > 3 { // 1.1 and 1.2 are not alike
		advice = fmt.Sprintf("did you mean %q?", meant)
	}
	r.fault(n, r.quoted(n)+" is not known here", advice)
	return ""
}

// orList is "a", "b" or "c".
func orList(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = strconv.Quote(word)
	}
	last := len(quoted) - 1
	if last == 0 {
		return quoted[0]
	}
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}
