package maildrop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/mbox"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// folder makes a folder of the files given as path, octets, path, octets...
func folder(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func openSource(t testing.TB, path string, options Options) *Source {
	t.Helper()
	s, err := OpenWith(path, options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// begin logs in to s and returns the session with its listing.
func begin(t testing.TB, s *Source) (pop3server.Session, []pop3server.Message) {
	t.Helper()
	session, err := s.NewSession(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	if err := session.Login(t.Context(), "anyone", "anything"); err != nil {
		t.Fatal(err)
	}
	listed, err := session.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return session, listed
}

func read(t testing.TB, session pop3server.Session, index int) []byte {
	t.Helper()
	r, err := session.Open(t.Context(), index)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	octets, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

func uniqueIDsOf(listed []pop3server.Message) []string {
	ids := []string{}
	for _, m := range listed {
		ids = append(ids, m.UniqueID)
	}
	return ids
}

// threeKinds holds the same two messages as a Maildir, a folder and an mbox.
func threeKinds(t testing.TB) map[string]string {
	t.Helper()
	one, two := "Subject: one\r\n\r\n1\r\n", "Subject: two\n\n2\n"
	return map[string]string{
		"maildir": folder(t, "cur/1.a:2,S", one, "new/2.b", two, "tmp/3.c", "x"),
		"folder":  folder(t, "1.eml", one, "2.MSG", two, ".3.eml", "x", "readme.txt", "x", "sub/4.eml", "x"),
		"mbox": filepath.Join(folder(t, "inbox", "From a@b Thu Jan  1 00:00:00 1970\n"+one+
			"\nFrom a@b Thu Jan  1 00:00:00 1970\n"+two+"\n"), "inbox"),
	}
}

func TestEachKindIsRecognised(t *testing.T) {
	for kind, path := range threeKinds(t) {
		t.Run(kind, func(t *testing.T) {
			s := openSource(t, path, Options{})
			session, listed := begin(t, s)
			if len(listed) != 2 || s.Len() != 2 {
				t.Fatalf("got %v, want two messages", listed)
			}
			want := []string{"Subject: one\r\n\r\n1\r\n", "Subject: two\n\n2\n"}
			for i, want := range want {
				if got := read(t, session, i); string(got) != want {
					t.Errorf("message %d: got %q, want %q", i, got, want)
				}
			}
			// The second lacks CR LF at its end, which the server adds.
			if listed[0].Octets != int64(len(want[0])) || listed[1].Octets != int64(len(want[1])+2) {
				t.Errorf("got %v octets, want %d and %d", listed, len(want[0]), len(want[1])+2)
			}
		})
	}
}

func TestWhatIsNoMaildrop(t *testing.T) {
	dir := folder(t, "empty/x/y", "", "text", "Subject: a message alone\n\n", "texts/a.txt", "", "nothing", "")
	if err := os.RemoveAll(filepath.Join(dir, "empty", "x")); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tests := []struct {
		name string
		kind error
		want string
	}{
		{"missing", ErrUnreadable, "no such file"},
		{"text/under a file", ErrUnreadable, "not a directory"},
		{"new\nline\x1b[m", ErrUnreadable, `new\nline\x1b[m`},
		{"empty", ErrNotMaildrop, "an empty folder; name an mbox file"},
		{"texts", ErrNotMaildrop, "neither cur or new nor .eml files; name"},
		{"text", ErrNotMaildrop, `offset 0: the file does not begin with "From "`},
		{"socket", ErrNotMaildrop, "neither a file nor a folder; name"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(dir, test.name)
			_, err := Open(path)
			var at *Error
			if !errors.As(err, &at) || at.Path != path || !errors.Is(err, test.kind) {
				t.Fatalf("got error %v, want one of kind %q", err, test.kind)
			}
			text := err.Error()
			if !strings.Contains(text, test.want) || !strings.HasPrefix(text, fmt.Sprintf("maildrop %q: ", path)) || strings.ContainsAny(text, "\n\x1b") {
				t.Errorf("got %q, want one line with the path and %q", text, test.want)
			}
		})
	}
	if _, err := Open(filepath.Join(dir, "missing")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
	if s, err := Open(filepath.Join(dir, "nothing")); err != nil || s.Len() != 0 {
		t.Errorf("an empty file is not an empty maildrop: %v", err)
	}
	if s, err := Open(filepath.Dir(folder(t, "new/.keep", "") + "/new")); err != nil || s.Len() != 0 {
		t.Errorf("an empty Maildir is not an empty maildrop: %v", err)
	}
}

func TestDeletionsAreRehearsed(t *testing.T) {
	for kind, path := range threeKinds(t) {
		t.Run(kind, func(t *testing.T) {
			before := snapshot(t, path)
			s := openSource(t, path, Options{})
			session, _ := begin(t, s)
			if err := session.Update(t.Context(), []int{0, 1}); err != nil {
				t.Fatal(err)
			}
			if _, listed := begin(t, s); len(listed) != 2 {
				t.Errorf("the next session shows %d messages, want 2", len(listed))
			}
			if after := snapshot(t, path); after != before {
				t.Errorf("the source changed from\n%s\nto\n%s", before, after)
			}
		})
	}
}

// snapshot says all that is under path: names, modes, times and octets.
func snapshot(t testing.TB, path string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, p, info.Mode(), info.ModTime())
		if d.IsDir() {
			return nil
		}
		octets, err := os.ReadFile(p)
		fmt.Fprintf(&b, "%q\n", octets)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDeletionsAreRemembered(t *testing.T) {
	for kind, path := range threeKinds(t) {
		t.Run(kind, func(t *testing.T) {
			s := openSource(t, path, Options{RememberDeletions: true})
			first, all := begin(t, s)
			atOnce, _ := begin(t, s)
			if err := first.Update(t.Context(), []int{0}); err != nil {
				t.Fatal(err)
			}
			if got := read(t, atOnce, 0); !bytes.Contains(got, []byte("one")) {
				t.Errorf("a session that began before the deletion got %q", got)
			}
			second, left := begin(t, s)
			if !slices.Equal(left, all[1:]) || s.Len() != 1 {
				t.Errorf("the next session shows %v, want %v", left, all[1:])
			}
			if got := read(t, second, 0); !bytes.Contains(got, []byte("two")) {
				t.Errorf("its only message is %q", got)
			}
			if err := second.Update(t.Context(), []int{0}); err != nil {
				t.Fatal(err)
			}
			if _, listed := begin(t, s); len(listed) != 0 {
				t.Errorf("after both are deleted: %v", listed)
			}
			if _, listed := begin(t, openSource(t, path, Options{})); len(listed) != 2 {
				t.Errorf("another Source shows %d messages, want 2", len(listed))
			}
		})
	}
}

func TestOnlyUpdateDeletes(t *testing.T) {
	s := openSource(t, threeKinds(t)["maildir"], Options{RememberDeletions: true})
	session, _ := begin(t, s)
	if err := session.Update(t.Context(), []int{0, 2}); err == nil {
		t.Error("a message that does not exist was deleted")
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := session.Update(cancelled, []int{0}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want %v", err, context.Canceled)
	}
	session.Close()
	if s.Len() != 2 {
		t.Errorf("%d messages are left, want 2", s.Len())
	}
}

func TestMailThatArrivesIsSeenWithRelist(t *testing.T) {
	dir := threeKinds(t)["maildir"]
	fixed := openSource(t, dir, Options{})
	fresh := openSource(t, dir, Options{Relist: true, RememberDeletions: true})
	session, _ := begin(t, fresh)
	if err := session.Update(t.Context(), []int{1}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "new", "0.c"), []byte("new"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, listed := begin(t, fixed); len(listed) != 2 {
		t.Errorf("without Relist: %v, want two messages", listed)
	}
	_, listed := begin(t, fresh)
	if got, want := uniqueIDsOf(listed), []string{"0.c", "1.a"}; !slices.Equal(got, want) {
		t.Errorf("with Relist: got %q, want %q", got, want)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	session, err := fresh.NewSession(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.List(t.Context()); !errors.Is(err, ErrUnreadable) {
		t.Errorf("the source is gone: got error %v, want %v", err, ErrUnreadable)
	}
}

func TestAnMboxThatGrowsIsSeenWithRelist(t *testing.T) {
	path := threeKinds(t)["mbox"]
	s := openSource(t, path, Options{Relist: true})
	_, before := begin(t, s)
	drop := s.drop
	if _, again := begin(t, s); s.drop != drop || !slices.Equal(again, before) {
		t.Error("an unchanged mbox was read again")
	}
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(old, old...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, after := begin(t, s)
	if len(after) != 4 || !slices.Equal(after[:2], before) {
		t.Errorf("got %v, want %v and two more", after, before)
	}
	checkUniqueIDs(t, after)
}

func TestAMessageThatIsGoneIsRefused(t *testing.T) {
	for kind, path := range threeKinds(t) {
		t.Run(kind, func(t *testing.T) {
			session, _ := begin(t, openSource(t, path, Options{}))
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			_, err := session.Open(t.Context(), 0)
			var refused *pop3server.Error
			if !errors.As(err, &refused) || refused.Code != pop3.CodeSysTemp || !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("got error %v, want a refusal with %s", err, pop3.CodeSysTemp)
			}
			if strings.Contains(refused.Text, path) {
				t.Errorf("the client is told a path: %q", refused.Text)
			}
			if _, err := session.Open(t.Context(), 2); err == nil {
				t.Error("a message that does not exist was opened")
			}
		})
	}
}

func TestUniqueIDsDoNotDependOnNumbers(t *testing.T) {
	m := func(n string) string { return "From a@b Thu Jan  1 00:00:00 1970\nSubject: " + n + "\n\n" + n + "\n\n" }
	long := strings.Repeat("x", 80)
	tests := []struct {
		name          string
		before, after string
		kept          map[int]int // index before -> after
	}{
		{"maildir", folder(t, "cur/1.a:2,S", "x", "cur/2.b", "x", "new/3."+long, "x"),
			folder(t, "new/1.a", "x", "cur/3."+long+":2,S", "x"), map[int]int{0: 0, 2: 1}},
		{"folder", folder(t, "a.eml", "x", "b.eml", "x", "c d.eml", "x"),
			folder(t, "b.eml", "y", "c d.eml", "x"), map[int]int{1: 0, 2: 1}},
		{"mbox", filepath.Join(folder(t, "inbox", m("1")+m("2")+m("3")+m("2")), "inbox"),
			filepath.Join(folder(t, "inbox", m("2")+m("3")+m("2")+m("4")), "inbox"), map[int]int{1: 0, 2: 1, 3: 2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, before := begin(t, openSource(t, test.before, Options{}))
			_, after := begin(t, openSource(t, test.after, Options{}))
			for i, j := range test.kept {
				if before[i].UniqueID != after[j].UniqueID {
					t.Errorf("unique-id %d was %q, became %q at %d", i, before[i].UniqueID, after[j].UniqueID, j)
				}
			}
			checkUniqueIDs(t, before)
			checkUniqueIDs(t, after)
		})
	}
	_, before := begin(t, openSource(t, folder(t, "a.eml", "x"), Options{}))
	_, after := begin(t, openSource(t, folder(t, "a.eml", "longer"), Options{}))
	if before[0].UniqueID == after[0].UniqueID {
		t.Errorf("other mail under the same file name has the same unique-id %q", after[0].UniqueID)
	}
}

func checkUniqueIDs(t *testing.T, listed []pop3server.Message) {
	t.Helper()
	seen := map[string]bool{}
	for i, m := range listed {
		if !carried(m.UniqueID) || seen[m.UniqueID] {
			t.Errorf("message %d has the unique-id %q: equal to another, or not for POP3", i, m.UniqueID)
		}
		seen[m.UniqueID] = true
	}
}

func TestNoTwoUniqueIDsAreEqual(t *testing.T) {
	long := strings.Repeat("y", maxUniqueID)
	names := []string{"a", "a.2", "a", "a", "a.2", "", "", "a b", "a b", "é", "\x7f", long, long, long, long + "y", "h.2", "h"}
	var listed []pop3server.Message
	ids := newUniqueIDs(0)
	for _, name := range names {
		listed = append(listed, pop3server.Message{UniqueID: ids.of(name)})
	}
	checkUniqueIDs(t, listed)
	got := uniqueIDsOf(listed[:5])
	if want := []string{"a", "a.2", "a.3", "a.4", "a.2.2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAnMboxIsReadWithTheQuotingAskedFor(t *testing.T) {
	path := filepath.Join(folder(t, "inbox", "From x\n>>From y\n"), "inbox")
	for quoting, want := range map[mbox.Quoting]string{mbox.Auto: ">From y\n", mbox.RD: ">From y\n", mbox.O: ">>From y\n"} {
		session, listed := begin(t, openSource(t, path, Options{Quoting: quoting}))
		if got := read(t, session, 0); string(got) != want || listed[0].Octets != int64(len(want)+2) {
			t.Errorf("quoting %d: got %q (%d octets), want %q", quoting, got, listed[0].Octets, want)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	const count = 10_000
	files := make([]string, 0, 2*count)
	for i := range count {
		files = append(files, fmt.Sprintf("cur/%d.M%dP1.host:2,S", 1_000_000_000+i, i), "Subject: x\r\n\r\n")
	}
	dir := folder(b, files...)
	b.ReportAllocs()
	for b.Loop() {
		if s := openSource(b, dir, Options{}); s.Len() != count {
			b.Fatal(s.Len())
		}
	}
}

func TestWhatMayNotBeReadSaysWho(t *testing.T) {
	err := unreadable("a", &fs.PathError{Op: "open", Path: "a/cur", Err: fs.ErrPermission})
	want := `maildrop "a": "a/cur": permission denied; check who may read it`
	if err.Error() != want || !errors.Is(err, ErrUnreadable) || !errors.Is(err, fs.ErrPermission) {
		t.Errorf("got %q, want %q, of both kinds", err, want)
	}
}
