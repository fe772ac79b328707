package secret

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

func (f *Finder) netrc(_ context.Context, w Wanted) (Found, error) {
	path, named := w.Sources.Netrc, w.Sources.Netrc != ""
	if !named {
		path = f.getenv("NETRC")
	}
	if path == "" && f.Home != "" {
		path = filepath.Join(f.Home, ".netrc")
	}
	if path == "" || w.Host == "" {
		return Found{}, nil
	}
	found := Found{Source: fmt.Sprintf("netrc %q", path)}
	text, objection, err := readNetrc(path)
	if err != nil && !named { // it is there for other programs, perhaps
		if !absent(path, err) {
			found.Source += fmt.Sprintf(" (%v)", err)
		}
		return found, nil
	}
	if err != nil {
		return found, err
	}
	found.Secret, err = lookUp(text, w.Host, w.User)
	switch {
	case objection != nil && (named || err != nil || !found.Secret.IsZero()):
		return Found{Source: found.Source}, objection
	case err == nil && named && found.Secret.IsZero():
		err = fmt.Errorf("it has no machine %s with login %s and a password", clean(w.Host), clean(w.User))
	}
	return found, err
}

// readNetrc returns the text of a netrc, and what is to be said against using
// it. A netrc without our password may be as it likes.
func readNetrc(path string) (text string, objection, err error) {
	if !filepath.IsAbs(path) {
		return "", nil, errRelative
	}
	f, err := openFile(path, func(path string, opened fs.FileInfo) error {
		objection = ours(path, opened)
		return nil
	})
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	octets, err := readAll(f, maxNetrc+1)
	if err == nil && len(octets) > maxNetrc {
		err = fmt.Errorf("it has more than %d octets", maxNetrc)
	}
	return string(octets), objection, err
}

// lookUp returns the first password of a login on a host in the text of a
// netrc. There is no specification; this takes what ftp(1), curl and Python
// take, quoted words and comments among it. An entry "default" is not used: it
// would give a password to any server.
func lookUp(text, host, login string) (Secret, error) {
	r := netrcReader{rest: text, line: 1}
	var e netrcEntry
	for {
		word, quoted, ok := r.next()
		if !ok || !quoted && (word == "machine" || word == "default" || word == "macdef") {
			if s, err := e.password(host, login); err != nil || !s.IsZero() {
				return s, err
			}
			e = netrcEntry{line: r.line}
		}
		switch {
		case !ok:
			return Secret{}, nil
		case quoted:
			e.odd = true
		case word == "machine":
			e.machine = r.value()
		case word == "login" || word == "user":
			e.login = r.value()
		case word == "password" || word == "passwd":
			e.secret = New(r.value())
		case word == "account" || word == "port" || word == "protocol":
			r.value()
		case word == "macdef":
			r.skipMacro()
		case word == "default":
		case strings.HasPrefix(word, "#"):
			r.skipLine()
		default:
			e.odd = true
		}
	}
}

// netrcEntry is what follows a word "machine".
type netrcEntry struct {
	line           int
	machine, login string
	secret         Secret
	odd            bool // has words that say nothing: half of a password, perhaps
}

// password returns the entry's, if it is for that login on that host.
func (e netrcEntry) password(host, login string) (Secret, error) {
	sameHost := e.machine != "" && strings.EqualFold(strings.TrimSuffix(e.machine, "."), strings.TrimSuffix(host, "."))
	if !sameHost || e.login == "" || e.login != login {
		return Secret{}, nil
	}
	if e.odd {
		return Secret{}, advise(fmt.Errorf("the entry in line %d has a word that is not known", e.line), "quote a password that has spaces: password \"...\"")
	}
	return e.secret, nil
}
