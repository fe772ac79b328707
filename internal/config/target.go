package config

import (
	"net/url"
	"slices"
	"strings"

	"github.com/popherd/popherd/internal/deliver"
)

// target reads a key of [targets].
func (r *reader) target(n *node) Target {
	t := Target{Name: n.name}
	if n.name == "" || len(n.name) > maxName || strings.ContainsAny(n.name, " :/()\"=") || strings.ContainsFunc(n.name, control) {
		r.faultKey(n, "is not the name of a target", `write a word, such as archive = "maildir:~/Mail/archive"`)
		return t
	}
	text := r.single(n)
	if text == "" {
		return t
	}
	kind, rest, _ := strings.Cut(text, ":")
	path, socket := strings.CutPrefix(rest, "unix:")
	switch {
	case rest == "":
	case kind == string(deliver.LMTP) && socket:
		path, query, _ := strings.Cut(path, "?")
		if path = r.absolute(n, path); path == "" {
			return t
		}
		text = kind + ":unix:" + path + "?" + query
	case kind == string(deliver.Maildir), kind == string(deliver.Mbox), kind == string(deliver.EML):
		if path = r.absolute(n, rest); path == "" {
			return t
		}
		text = kind + ":" + path
	}
	if _, err := deliver.Parse(text); err != nil {
		reason, advice := r.notTarget(n, text, err)
		r.fault(n, reason, advice)
		return t
	}
	t.Spec = text
	return t
}

// notTarget says what is wrong with a target: what deliver says, unless it may
// repeat what is secret.
func (r *reader) notTarget(n *node, text string, err error) (reason, advice string) {
	advice = `as in "maildir:~/Mail/archive", "mbox:/var/mail/old" or "smtps://anna@mail.example.org/?rcpt=anna@example.org"`
	kind, _, _ := strings.Cut(text, ":")
	u, _ := url.Parse(text)
	switch {
	case strings.HasPrefix(text, "~") || strings.HasPrefix(text, "/") || strings.HasPrefix(text, "."):
		return "is a path, and does not say what is there", "write " + orList([]string{"maildir:PATH", "mbox:PATH", "eml:PATH"})
	case !slices.Contains([]deliver.Kind{deliver.Maildir, deliver.Mbox, deliver.EML, deliver.SMTP, deliver.SMTPS, deliver.LMTP, deliver.Pipe}, deliver.Kind(kind)):
		return "is no kind of target that is known", advice
	case kind == string(deliver.Pipe):
		return "is not a command: a list of texts in double quotes, the first one a whole path", `write 'pipe:["/path/of/command", "argument"]'; there is no shell`
	case u != nil && hasPassword(u):
		return "has a password, where others can read it", "take it out: it is asked for, or found as a secret"
	case text != n.content || !shown(r.text, n):
		return "is not a target", advice
	}
	return strings.TrimPrefix(err.Error(), "target "), advice
}

func hasPassword(u *url.URL) bool {
	_, has := u.User.Password()
	return has
}
