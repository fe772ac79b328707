package oauth_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/internal/oauth"
	"github.com/popherd/popherd/internal/oauth/oauthtest"
	"github.com/popherd/popherd/internal/secret"
)

var record = oauth.Record{
	TokenURL: "https://example.org/token", ClientID: "c",
	Access: secret.New("an access token"), Refresh: secret.New("a refresh token"),
	Obtained: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Expiry: time.Date(2026, 3, 1, 13, 0, 0, 0, time.UTC),
}

func TestFilesKeepARecord(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "tokens")
	store := oauth.Files(dir)
	for _, want := range []oauth.Record{record, {}} {
		if err := store.Save("work", want); err != nil {
			t.Fatal(err)
		}
		if got, err := oauth.Files(dir).Load("work"); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

// TestFilesAreForTheirOwnerAlone, whatever the umask.
func TestFilesAreForTheirOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	store := oauth.Files(dir)
	unlock, err := store.Lock(t.Context(), "work")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := store.Save("work", record); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "work.json", "work.lock"} {
		about, err := os.Stat(filepath.Join(dir, name))
		if err != nil || about.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, about.Mode(), err)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	const good = `{"version":1,"access_token":"tok-1"}`
	for _, tt := range []struct {
		name, text string
		mode       fs.FileMode
		want, hint string
	}{
		{"others can read it", good, 0o644, `others can read file "PATH"`, `chmod 600 "PATH"`},
		{"a group can write it", good, 0o620, `others can read file "PATH"`, `chmod 600 "PATH"`},
		{"cut off", `{"version":1,"access_token":"tok-1`, 0o600, `file "PATH" is damaged`, "log in: popherd accounts login work"},
		{"empty", "", 0o600, `file "PATH" is damaged`, "log in: popherd accounts login work"},
		{"another type", `{"version":1,"access_token":{"tok-1":0}}`, 0o600, `file "PATH" is damaged`, "log in: popherd accounts login work"},
		{"too long", good + strings.Repeat(" ", 1<<20) + "x", 0o600, "", ""}, // what is behind the end is not read
		{"newer", `{"version":2,"access_token":"tok-1"}`, 0o600, `file "PATH" is of a newer popherd`, ""},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "work.json")
		if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, tt.mode); err != nil {
			t.Fatal(err)
		}
		_, err := oauth.Files(dir).Load("work")
		if tt.want == "" {
			if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		tokens := oauth.Tokens{Store: oauth.Files(dir)}
		_, err = tokens.Access(t.Context(), "work")
		var e *oauth.Error
		if !errors.As(err, &e) || strings.Contains(e.Error(), "tok-1") {
			t.Fatalf("%s: %v", tt.name, err)
		}
		r := strings.NewReplacer("PATH", path)
		if want := "account work: oauth: " + r.Replace(tt.want); e.Error() != want || e.Hint() != r.Replace(tt.hint) {
			t.Errorf("%s: got  %v, hint %s\nwant %s, hint %s", tt.name, e, e.Hint(), want, r.Replace(tt.hint))
		}
	}
}

func TestLinksAreNotFollowed(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	if err := oauth.Files(other).Save("work", record); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(other, "work.json"), filepath.Join(dir, "work.json")); err != nil {
		t.Skip(err)
	}
	if r, err := oauth.Files(dir).Load("work"); err == nil || errors.Is(err, oauth.ErrNoToken) || !r.Access.IsZero() {
		t.Errorf("a link was followed: %v", err)
	}
}

func TestAccountNamesStayInTheFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tokens")
	store := oauth.Files(dir)
	for _, name := range []string{"", "../x", "a/b", `a\b`, "/etc/x", "A", "a b", "a\x00", "ä", strings.Repeat("a", 65)} {
		_, lockErr := store.Lock(t.Context(), name)
		_, loadErr := store.Load(name)
		if store.Save(name, record) == nil || loadErr == nil || lockErr == nil || store.Forget(name) == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, name := range []string{".", "..", "a.json", "a", "a.lock", "a.json.tmp", strings.Repeat("a", 64)} {
		r := record
		r.ClientID = name
		if err := store.Save(name, r); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		defer func() {
			if got, err := store.Load(name); err != nil || got != r {
				t.Errorf("%q: %v, %v", name, got, err)
			}
		}()
	}
	if list, _ := os.ReadDir(filepath.Dir(dir)); len(list) != 1 {
		t.Errorf("files beside the folder: %v", list)
	}
}

// TestWhatACrashLeaves: a half-written file is not read, not in the way, and
// not left for ever.
func TestWhatACrashLeaves(t *testing.T) {
	dir := t.TempDir()
	store := oauth.Files(dir)
	if err := store.Save("work", record); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(dir, "work.json.tmp")
	for _, settle := range []func() error{
		func() error { return store.Save("work", record) },
		func() error { return store.Forget("work") },
	} {
		if err := os.WriteFile(left, []byte(`{"version":1,"acc`), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := store.Load("work"); err != nil || got != record {
			t.Fatalf("got %v, %v", got, err)
		}
		if err := settle(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", left, err)
		}
	}
}

// TestLockThatIsHeld, in a bubble of time.
func TestLockThatIsHeld(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		unlock, err := oauth.Files(dir).Lock(t.Context(), "work")
		if err != nil {
			t.Fatal(err)
		}
		tokens := oauth.Tokens{Store: oauth.Files(dir)}
		start := time.Now()
		err = tokens.Forget(t.Context(), "work")
		var e *oauth.Error
		if !errors.As(err, &e) || !e.Temporary() || time.Since(start) != time.Minute {
			t.Errorf("got %v after %v, want a temporary error after a minute", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := tokens.Forget(ctx, "work"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want a deadline", err)
		}
		time.AfterFunc(time.Second, unlock)
		if err := tokens.Forget(t.Context(), "work"); err != nil {
			t.Errorf("the lock was released: %v", err)
		}
	})
}

// TestSecretsAreInTheRecordAlone: on disk, nowhere but in the account's file.
func TestSecretsAreInTheRecordAlone(t *testing.T) {
	srv := oauthtest.Start(t)
	dir := t.TempDir()
	tokens, c := newTokens(t, srv)
	tokens.Store = oauth.Files(dir)
	if err := tokens.Device(t.Context(), "work", func(_, code string, _ time.Time) { srv.Approve(code) }); err != nil {
		t.Fatal(err)
	}
	c.move(time.Hour)
	access(t, tokens)
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 2 {
		t.Fatalf("got %v, %v, want the record and the lock", list, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "work.lock"))
	if err != nil || len(text) != 0 {
		t.Errorf("the lock holds %q, %v", text, err)
	}
	text, _ = os.ReadFile(filepath.Join(dir, "work.json"))
	issued := srv.Issued()
	for _, s := range issued[:len(issued)-2] {
		if strings.Contains(string(text), s) {
			t.Errorf("%s is still in the file", s)
		}
	}
}

func TestPresets(t *testing.T) {
	for _, name := range []string{"google", "microsoft"} {
		p, ok := oauth.Preset(name)
		if !ok || p.ClientID != "" || len(p.Scopes) == 0 || p.Name != name {
			t.Errorf("%s: %+v", name, p)
		}
		for _, u := range []string{p.DeviceURL, p.AuthURL, p.TokenURL} {
			if u != "" && !strings.HasPrefix(u, "https://") {
				t.Errorf("%s: %s", name, u)
			}
		}
	}
	if _, ok := oauth.Preset("acme"); ok {
		t.Error("acme is known")
	}
}
