package config

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/popherd/popherd/internal/secret"
)

// expand fills in the variables of a text: ${NAME} is what NAME holds, and $${
// is ${ itself. A variable that is not set is a fault; an empty one is as good
// as not set, for that is what a forgotten one of a shell looks like.
func (r *reader) expand(n *node) (text string, ok bool) {
	var b strings.Builder
	rest := n.content
	for {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			b.WriteString(rest)
			return b.String(), true
		}
		if kept, doubled := strings.CutSuffix(before, "$"); doubled {
			b.WriteString(kept + "${")
			rest = after
			continue
		}
		name, behind, closed := strings.Cut(after, "}")
		if !closed || !isVariable(name) {
			r.faultIn(n, "${", "${ does not begin a variable's name", "write ${NAME} for a variable, or $${ for these two characters themselves")
			return "", false
		}
		value, ok := r.variable(n, name)
		if !ok {
			return "", false
		}
		b.WriteString(before + value)
		rest = behind
	}
}

// variable returns what a variable holds.
func (r *reader) variable(n *node, name string) (value string, ok bool) {
	if r.blind {
		r.passed = true
		return "", false
	}
	if r.options.Getenv != nil {
		value = r.options.Getenv(name)
	}
	if value == "" {
		what := "variable " + name
		if !shown(r.text, n) && name != strings.ToUpper(name) || len(name) > maxQuote {
			what = "a variable" // it may as well be a piece of the password
		}
		r.faultIn(n, "${"+name+"}", what+" is not set, or empty", "set it, or write $${ for ${ itself")
	}
	return value, value != ""
}

// variables are references to them.
var variables = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)

// isVariable reports whether a variable can have that name.
func isVariable(name string) bool {
	return name != "" && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && !strings.ContainsRune("0123456789", rune(name[0]))
}

// faultIn says that a piece of a value is wrong.
func (r *reader) faultIn(n *node, piece, reason, advice string) {
	at, end := n.at, n.end
	if i := bytes.Index(r.text[at:end], []byte(piece)); i >= 0 {
		at, end = at+i, at+i+len(piece)
	}
	r.faultAt(n, at, end, reason, advice)
}

// path returns a path, absolute: ~/ is the home, and others begin at the
// folder of the file. It is "" after a fault.
func (r *reader) path(n *node) string {
	text := r.single(n)
	if text == "" {
		return ""
	}
	return r.absolute(n, text)
}

// absolute makes a path absolute.
func (r *reader) absolute(n *node, path string) string {
	home, isHome := strings.CutPrefix(path, "~/")
	switch {
	case path == "~" || isHome:
		if !filepath.IsAbs(r.options.Home) {
			if r.passed = r.blind; !r.blind {
				r.fault(n, "~ is not known here: there is no home", "write the whole path, or set HOME")
			}
			return ""
		}
		return filepath.Join(r.options.Home, home)
	case strings.HasPrefix(path, "~"):
		r.fault(n, "~ is the own home only", "write the whole path of somebody else's")
		return ""
	case filepath.IsAbs(path):
		return filepath.Clean(path)
	}
	return filepath.Join(r.base, path)
}

// argv returns a command: a program, which is looked up in PATH if its name has
// no slash, and arguments, which may be empty. It is nil after a fault.
func (r *reader) argv(n *node) []string {
	if n.kind == unstable.String {
		r.fault(n, "is a text, not a list: there is no shell to take it apart", write(n.name))
		return nil
	}
	if !r.is(n, unstable.Array) {
		return nil
	}
	argv := make([]string, len(n.children))
	for i, element := range n.children {
		text, ok := r.filled(element)
		if !ok {
			return nil
		}
		argv[i] = text
	}
	if len(argv) == 0 || argv[0] == "" {
		r.fault(n, "names no program", write(n.name))
		return nil
	}
	if strings.ContainsRune(argv[0], '/') {
		if argv[0] = r.absolute(n.children[0], argv[0]); argv[0] == "" {
			return nil
		}
	}
	return argv
}

// literal returns a secret that stands in the file, which then nobody else may
// read; one that a variable holds does not stand there.
func (r *reader) literal(n *node) secret.Secret {
	text := r.single(n)
	if text != "" && variables.ReplaceAllString(n.content, "") != "" {
		r.closed(n)
	}
	return secret.New(text)
}

// closed refuses a secret that stands in the file where others can read it.
func (r *reader) closed(n *node) {
	if !r.open {
		return
	}
	instead := "password_command"
	switch n.name {
	case "token":
		instead = "token_file"
	case "db":
		instead = n.name
	}
	r.faultKey(n, fmt.Sprintf("is a secret in a file that others can read (mode %04o)", r.mode),
		"chmod 600 "+r.name+", or better take it out of the file: "+write(instead))
}
