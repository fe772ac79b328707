package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/maildrop"
	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// Whatever host a script names, the local maildrop answers, and has a
// certificate for it.
func TestLocalHasEveryName(t *testing.T) {
	names := []string{
		"pop.example.org", "POP.Example.ORG", "pop.example.org.", "localhost", "x_y", "-x", "a..b", "*", strings.Repeat("a", 300), "host:995", "a/b",
		"10.0.0.1", "::1", "[::1]", "[2001:db8::1]", "::ffff:10.0.0.1", "fe80::1%eth0", "[fe80::1%eth0]",
	}
	h := open(t, Options{Maildrop: folder(t, 2)})
	other := pop3test.NewCA(t).File(t) // what a script trusts is for its own server
	for _, name := range names {
		c := logIn(t, h, luabind.DialRequest{Host: name, Port: 995, TLS: true})
		if drop, err := c.Stat(context.Background()); err != nil || drop.Count != 2 {
			t.Errorf("%q over TLS: got %+v, %v; want 2 messages", name, drop, err)
		}
		c, err := dial(t, h, luabind.DialRequest{Host: name, Port: 110})
		if err != nil {
			t.Errorf("%q: got error %v, want none", name, err)
			continue
		}
		config, err := h.TLSConfig(&luabind.TLSContext{CAFile: other})
		if err != nil {
			t.Errorf("%q: got error %v, want none", name, err)
		}
		if _, err := c.STLS(context.Background(), config); err != nil {
			t.Errorf("%q with STLS: got error %v, want none", name, err)
		}
	}
}

// A rehearsal fails as the run would.
func TestLocalReadsTheContext(t *testing.T) {
	h := open(t, Options{Maildrop: folder(t, 1)})
	_, err := dial(t, h, luabind.DialRequest{Host: "pop.example.org", Port: 995, TLS: true, Context: &luabind.TLSContext{CAFile: "/nonexistent.pem"}})
	wantError(t, err, "cafile /nonexistent.pem")
}

// A name that can be in no certificate is refused, and spoils nothing for the
// others.
func TestLocalRefusesOddNames(t *testing.T) {
	h := open(t, Options{Maildrop: folder(t, 1)})
	for _, name := range []string{"bücher.example", "\xff", "a\u009bb", "[", "]", "[]", "a]b", ""} {
		if _, err := dial(t, h, luabind.DialRequest{Host: name, Port: 995, TLS: true}); err == nil {
			t.Errorf("%q: got no error", name)
		}
		logIn(t, h, luabind.DialRequest{Host: "pop.example.org", Port: 995, TLS: true})
	}
}

// The rehearsal keeps the rule about passwords in the clear.
func TestLocalNeedsPlaintextAllowed(t *testing.T) {
	c, err := dial(t, open(t, Options{Maildrop: folder(t, 1)}), luabind.DialRequest{Host: "pop.example.org", Port: 110})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Login(context.Background(), "mrose", "tanstaaf"); !errors.Is(err, pop3.ErrPlaintext) {
		t.Errorf("got error %v, want %v", err, pop3.ErrPlaintext)
	}
	o := Options{Maildrop: folder(t, 1)}
	o.Policy.Plaintext = hosts(t, "pop.example.org:110")
	logIn(t, open(t, o), luabind.DialRequest{Host: "pop.example.org", Port: 110})
}

// What a session of the run deleted is gone for the next; the files stay.
func TestLocalDeletionsLastForTheRun(t *testing.T) {
	ctx := context.Background()
	mbox := filepath.Join(t.TempDir(), "inbox.mbox")
	if err := os.WriteFile(mbox, []byte("From a@b Thu Jan  1 00:00:00 1970\nSubject: 1\n\none\n\nFrom a@b Thu Jan  1 00:00:00 1970\nSubject: 2\n\ntwo\n\nFrom a@b Thu Jan  1 00:00:00 1970\nSubject: 3\n\nthree\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder(t, 3), mbox} {
		before := sums(t, path)
		for range 2 { // each run begins with the whole
			h, err := Open(Options{Maildrop: path})
			if err != nil {
				t.Fatal(err)
			}
			r := luabind.DialRequest{Host: "pop.example.org", Port: 995, TLS: true}
			first, dropped := logIn(t, h, r), logIn(t, h, r)
			mark(t, first, 2)
			mark(t, dropped, 1)
			if _, err := first.Quit(ctx); err != nil {
				t.Error(err)
			}
			dropped.Close()
			second := logIn(t, h, r)
			ids, err := second.UIDL(ctx)
			if err != nil || len(ids) != 2 {
				t.Errorf("got %v, %v; want 2 messages left", ids, err)
			}
			h.Close()
		}
		if after := sums(t, path); after != before {
			t.Errorf("%s changed: got %s, want %s", path, after, before)
		}
	}
}

func mark(t *testing.T, c *pop3.Client, n int) {
	t.Helper()
	if _, err := c.Mark(context.Background(), n); err != nil {
		t.Error(err)
	}
}

// sums are the names, times and contents of what is at path.
func sums(t *testing.T, path string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil || entry.IsDir() {
			return err
		}
		octets, err := os.ReadFile(name)
		fmt.Fprintf(&all, "%s %v %v %x\n", name, info.Mode(), info.ModTime(), sha256.Sum256(octets))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestLocalThatIsNone(t *testing.T) {
	_, err := Open(Options{Maildrop: filepath.Join(t.TempDir(), "nothing")})
	if !errors.Is(err, maildrop.ErrUnreadable) {
		t.Errorf("got error %v, want %v", err, maildrop.ErrUnreadable)
	}
}

// Another process can be served, too.
func TestServedElsewhere(t *testing.T) {
	served, err := ServeLocal(folder(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	defer served.Close()
	address := served.Address()
	h := open(t, Options{Served: &address, Admit: served.Admit})
	logIn(t, h, luabind.DialRequest{Host: "pop.example.org", Port: 995, TLS: true})
	refused := errors.New("the other process is gone")
	h = open(t, Options{Served: &address, Admit: func(string) error { return refused }})
	if _, err := dial(t, h, luabind.DialRequest{Host: "pop.example.org", Port: 995, TLS: true}); !errors.Is(err, refused) {
		t.Errorf("got error %v, want %v", err, refused)
	}
	address.CA = nil
	if _, err := Open(Options{Served: &address, Admit: served.Admit}); err == nil {
		t.Error("got no error, want one: there is no certificate")
	}
}

func TestLocalEndsWithTheHost(t *testing.T) {
	h, err := Open(Options{Maildrop: folder(t, 1)})
	if err != nil {
		t.Fatal(err)
	}
	r := luabind.DialRequest{Host: "pop.example.org", Port: 995, TLS: true}
	c := logIn(t, h, r)
	h.Close()
	h.Close()
	if _, err := c.Stat(context.Background()); err == nil {
		t.Error("got an answer, want the session ended")
	}
	if _, err := dial(t, h, r); err == nil {
		t.Error("got a session, want none")
	}
}
