package dovecottest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// firstSecond is the moment in the first message's file name: a fixed one, so
// that names, and with them the order of messages, are the same in every run.
const firstSecond = 1_700_000_000

// lookTries bounds the looks at a Maildir in which a session is at work.
const lookTries = 1000

// userName is what a name may be: it becomes a file's name.
var userName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.@_+-]*$`)

// User is one account of a [Server] with a maildrop of its own.
type User struct {
	Name    string
	Maildir string // path of the Maildir: new, cur, tmp

	s *Server
}

// AddUser makes an account with an empty maildrop, before or between sessions.
// The password may hold any octets that POP3 can carry, spaces and colons too.
// A name that was tried before it was added may be refused for a second.
func (s *Server) AddUser(name, password string) *User {
	s.t.Helper()
	if !userName.MatchString(name) {
		s.t.Fatalf("dovecot user %q: not a plain name", name)
	}
	s.users++
	home := s.path(filepath.Join("home", fmt.Sprint(s.users)))
	u := &User{Name: name, Maildir: filepath.Join(home, "Maildir"), s: s}
	for _, dir := range []string{home, u.Maildir, u.path("new"), u.path("cur"), u.path("tmp")} {
		if err := errors.Join(os.Mkdir(dir, 0o700), s.own(dir)); err != nil {
			s.t.Fatalf("dovecot user %s: %v", name, err)
		}
	}
	// PLAIN, because APOP and CRAM-MD5 need the password itself; base64,
	// because a colon would end the field.
	line := fmt.Sprintf("%s:{PLAIN.b64}%s::::%s::\n",
		name, base64.StdEncoding.EncodeToString([]byte(password)), home)
	if err := os.WriteFile(s.path(filepath.Join("users", name)), []byte(line), 0o644); err != nil {
		s.t.Fatalf("dovecot user %s: %v", name, err)
	}
	return u
}

// Deliver puts one message, exactly these octets, into the maildrop. Messages
// are numbered by Dovecot in the order of delivery. A session that is open
// does not see it.
func (u *User) Deliver(raw []byte) {
	u.s.t.Helper()
	u.s.seen++
	n := u.s.seen
	// The number is there once: twice in the right distance it cancels itself
	// out in Dovecot's hash of names, and 100,000 messages take minutes.
	name := fmt.Sprintf("%d.M%06dP%d.popherd", firstSecond+n/1_000_000, n%1_000_000, os.Getpid())
	tmp := u.path(filepath.Join("tmp", name))
	err := os.WriteFile(tmp, raw, 0o600)
	if err == nil {
		err = u.s.own(tmp)
	}
	if err == nil {
		err = os.Rename(tmp, u.path(filepath.Join("new", name)))
	}
	if err != nil {
		u.s.t.Fatalf("dovecot user %s: deliver: %v", u.Name, err)
	}
}

// Copy makes the maildrop, which must be empty, the same as that of another
// user who has no session open, with all that Dovecot has noted about it.
// Messages are linked, not copied: Dovecot never writes into one.
func (u *User) Copy(from *User) {
	u.s.t.Helper()
	err := filepath.WalkDir(from.Maildir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from.Maildir, path)
		if err != nil || entry.IsDir() {
			return err
		}
		if filepath.Dir(name) != "." {
			return os.Link(path, u.path(name))
		}
		octets, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return errors.Join(os.WriteFile(u.path(name), octets, 0o600), u.s.own(u.path(name)))
	})
	if err != nil {
		u.s.t.Fatalf("dovecot user %s: copy of %s: %v", u.Name, from.Name, err)
	}
}

// Count is how many messages are in the maildrop: files, as no client sees them.
func (u *User) Count() int {
	u.s.t.Helper()
	return len(u.look())
}

// Messages returns the octets of every message in the maildrop as stored, in
// the order of delivery.
func (u *User) Messages() [][]byte {
	u.s.t.Helper()
	files := u.look()
	messages := make([][]byte, 0, len(files))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		messages = append(messages, files[name])
	}
	return messages
}

// look reads the maildrop: octets by unique name. A session may be renaming
// files meanwhile (new to cur, flags), so it looks until two looks agree.
func (u *User) look() map[string][]byte {
	u.s.t.Helper()
	for range lookTries {
		before, err := u.list()
		files := make(map[string][]byte, len(before))
		for name, path := range before {
			if err == nil {
				files[name], err = os.ReadFile(path)
			}
		}
		var after map[string]string
		if err == nil {
			after, err = u.list()
		}
		if err == nil && maps.Equal(before, after) {
			return files
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			u.s.t.Fatalf("dovecot user %s: %v", u.Name, err)
		}
	}
	u.s.t.Fatalf("dovecot user %s: maildrop changed during each of %d looks", u.Name, lookTries)
	return nil
}

// list returns each message's path by its unique name, the file's name
// without the flags.
func (u *User) list() (map[string]string, error) {
	paths := map[string]string{}
	for _, dir := range []string{"new", "cur"} {
		entries, err := os.ReadDir(u.path(dir))
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			name, _, _ := strings.Cut(e.Name(), ":")
			paths[name] = u.path(filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

func (u *User) path(name string) string { return filepath.Join(u.Maildir, name) }

// own gives a file to the account that Dovecot opens maildrops as.
func (s *Server) own(path string) error { return os.Chown(path, s.owner.uid, s.owner.gid) }
