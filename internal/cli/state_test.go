package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/state"
)

// anna is the account of these tests.
const anna = "anna@pop.example.org"

// noon is when their runs start.
var noon = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)

// popherd runs a command line, and returns its exit status and what it wrote.
func popherd(t *testing.T, ctx context.Context, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, talk bytes.Buffer
	status = Main(ctx, Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &talk,
		Getenv: func(string) string { return "" },
		Now:    func() time.Time { return noon.AddDate(0, 0, 1) },
	})
	return status, out.String(), talk.String()
}

// openState opens a state for a test.
func openState(t *testing.T, dir string) *state.Store {
	t.Helper()
	store, err := state.Open(t.Context(), dir, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// rememberRun makes a state with one run of an account, that backed up and
// deleted the messages; each has the unique-id uid-N. It returns the files of
// the backups.
func rememberRun(t *testing.T, dir, name string, octets ...string) []string {
	t.Helper()
	store := openState(t, dir)
	defer store.Close()
	ctx := t.Context()
	account, err := store.Account(ctx, name, noon)
	must(t, err)
	defer account.Close()
	id, err := account.Begin(ctx, noon, "clean.lua")
	must(t, err)
	var listing []state.Listed
	for i, o := range octets {
		listing = append(listing, state.Listed{UniqueID: fmt.Sprintf("uid-%d", i+1), Octets: int64(len(o))})
	}
	observed, err := account.Observe(ctx, noon, listing)
	must(t, err)
	var files []string
	folder := filepath.Join(dir, "backup", name)
	must(t, os.MkdirAll(folder, 0o700))
	must(t, account.Journal(ctx, noon, id, func(j *state.Journal) {
		for i, l := range listing {
			file := filepath.Join(folder, l.UniqueID+".eml")
			must(t, os.WriteFile(file, []byte(octets[i]), 0o600))
			files = append(files, file)
			j.Plan(state.Row{
				Key: observed.Known[i].Key, Number: i + 1, UniqueID: l.UniqueID, Octets: l.Octets, Decision: "delete",
				Reason: "a newsletter", Rule: "news", Evidence: "list", Subject: "Deals", From: "News <news@shop.example>",
			})
			j.BackedUp(state.Backup{UniqueID: l.UniqueID, Octets: l.Octets, Digest: sha256.Sum256([]byte(octets[i])), File: file})
			j.Wanted(observed.Known[i].Key)
		}
	}))
	must(t, account.Journal(ctx, noon.Add(time.Second), id, func(j *state.Journal) {
		for _, k := range observed.Known {
			j.Gone(k.Key)
		}
		j.End("committed", "")
	}))
	must(t, account.Set(ctx, noon, state.Value{Name: "cursor", Value: []byte("7")}))
	return files
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestStateDir finds the default, as the XDG specification has it.
func TestStateDir(t *testing.T) {
	for _, c := range []struct{ flag, xdg, home, want string }{
		{"/x", "/state", "/anna", "/x"},
		{"", "/state", "/anna", "/state/popherd"},
		{"", "relative", "/anna", "/anna/.local/state/popherd"},
		{"", "", "/anna", "/anna/.local/state/popherd"},
		{"", "", "", ""},
	} {
		env := map[string]string{"XDG_STATE_HOME": c.xdg, "HOME": c.home}
		sh := &shell{Env: Env{Getenv: func(name string) string { return env[name] }}}
		got, err := sh.stateDir(c.flag)
		if got != c.want {
			t.Errorf("flag %q, XDG_STATE_HOME %q, HOME %q: %q, want %q", c.flag, c.xdg, c.home, got, c.want)
		}
		if failed := err != nil; failed != (c.want == "") || failed && !strings.Contains(err.Error(), "--state-dir") {
			t.Errorf("flag %q, XDG_STATE_HOME %q, HOME %q: error %v", c.flag, c.xdg, c.home, err)
		}
	}
}

// TestForget names what is forgotten, and keeps the backups.
func TestForget(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, "a", "b", "c")
	rememberRun(t, dir, "bob@pop.example.org", "d")
	status, out, talk := popherd(t, t.Context(), "state", "forget", anna, "--state-dir", dir)
	want := "forgot account " + anna + ": 3 messages, 1 run, 1 value; its 3 backups, and where they are, stay\n"
	if status != exitOK || out != want || talk != "" {
		t.Errorf("status %d, %q, %q; want %q", status, out, talk, want)
	}
	status, _, talk = popherd(t, t.Context(), "state", "forget", anna, "--state-dir", dir)
	if status != exitNoInput || !strings.Contains(talk, "nothing is remembered of it") {
		t.Errorf("again: status %d, %q", status, talk)
	}
	if status, _, talk = popherd(t, t.Context(), "log", "--account", "bob@pop.example.org", "--state-dir", dir); status != exitOK {
		t.Errorf("the other account: status %d, %q", status, talk)
	}
	if status, out, talk = popherd(t, t.Context(), "restore", "1", "--to", "eml:"+t.TempDir(), "--state-dir", dir); status != exitOK {
		t.Errorf("its backups: status %d, %q, %q", status, out, talk)
	}
}

// TestForgetWhileAtWork leaves an account alone that a run works.
func TestForgetWhileAtWork(t *testing.T) {
	dir := t.TempDir()
	account, err := openState(t, dir).Account(t.Context(), anna, noon)
	must(t, err)
	defer account.Close()
	status, _, talk := popherd(t, t.Context(), "state", "forget", anna, "--state-dir", dir)
	if status != exitTryAgain || !strings.Contains(talk, "locked by popherd with process id") || !strings.Contains(talk, "hint: wait") {
		t.Errorf("status %d, %q; want %d and who has it", status, talk, exitTryAgain)
	}
}

// TestVacuum forgets what is old, but no backup.
func TestVacuum(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, "a")
	status, out, talk := popherd(t, t.Context(), "state", "vacuum", "--state-dir", dir)
	if status != exitOK || !strings.HasPrefix(out, "forgot 0 runs older than 365d; ") {
		t.Errorf("a run of yesterday: status %d, %q, %q", status, out, talk)
	}
	status, out, talk = popherd(t, t.Context(), "state", "vacuum", "--older-than", "23h", "--state-dir", dir)
	if status != exitOK || !strings.HasPrefix(out, "forgot 1 run older than 23h; ") {
		t.Errorf("later: status %d, %q, %q", status, out, talk)
	}
	if status, _, _ = popherd(t, t.Context(), "restore", "1", "-n", "--to", "eml:x", "--state-dir", dir); status != exitOK {
		t.Errorf("restore afterwards: status %d", status)
	}
	for _, age := range []string{"0d", "d", "1y", "-1d", "1dd", "99999w", "1.5d", "365"} {
		if status, _, _ := popherd(t, t.Context(), "state", "vacuum", "--older-than", age, "--state-dir", dir); status != exitUsage {
			t.Errorf("--older-than %s: status %d, want %d", age, status, exitUsage)
		}
	}
}

// TestExportOfDamage saves what it can, and says that it is not all.
func TestExportOfDamage(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, strings.Split(strings.Repeat("message,", 300), ",")...)
	file := filepath.Join(dir, state.FileName)
	octets, err := os.ReadFile(file)
	must(t, err)
	for i := len(octets) / 2; i < len(octets)/2+8192; i++ {
		octets[i] = 0xff
	}
	must(t, os.WriteFile(file, octets, 0o600))
	saved := filepath.Join(t.TempDir(), "saved")
	status, _, talk := popherd(t, t.Context(), "state", "export", saved, "--state-dir", dir)
	if status != exitInput || !strings.Contains(talk, "damaged") || !strings.Contains(talk, "hint: what could still be read of it is in "+saved) {
		t.Errorf("status %d, %q", status, talk)
	}
	lines, err := os.ReadFile(saved)
	must(t, err)
	if n := bytes.Count(lines, []byte("\n")); n < 10 {
		t.Errorf("%d lines were saved", n)
	}
	after, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(after, octets) {
		t.Errorf("the damaged file was changed: %v", err)
	}
	if status, _, talk = popherd(t, t.Context(), "state", "vacuum", "--state-dir", dir); status != exitInput {
		t.Errorf("vacuum: status %d, %q; want %d", status, talk, exitInput)
	}
}

// TestNoDatabase tells apart what is no database, and what is none at all.
func TestNoDatabase(t *testing.T) {
	for _, c := range []struct {
		name   string
		octets string
		want   int
		talk   string
	}{
		{"text", strings.Repeat("no database\n", 100), exitInput, "damaged"},
		{"empty", "", exitInput, "the file is empty"},
	} {
		dir := t.TempDir()
		must(t, os.WriteFile(filepath.Join(dir, state.FileName), []byte(c.octets), 0o600))
		for _, args := range [][]string{{"log"}, {"restore", "1", "--to", "eml:x"}, {"state", "export"}, {"state", "vacuum"}} {
			status, _, talk := popherd(t, t.Context(), append(args, "--state-dir", dir)...)
			if status != c.want || !strings.Contains(talk, c.talk) || !strings.Contains(talk, "hint: ") {
				t.Errorf("%s: %v: status %d, %q; want %d", c.name, args, status, talk, c.want)
			}
		}
	}
}

// TestFullOutput tells of standard output that takes no more.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("no /dev/full here: ", err)
	}
	defer full.Close()
	dir := t.TempDir()
	rememberRun(t, dir, anna, "a")
	for _, args := range [][]string{{"log"}, {"log", "1", "-o", "json"}, {"state", "export"}, {"state", "path"}} {
		var talk bytes.Buffer
		status := Main(t.Context(), Env{
			Args: append(args, "--state-dir", dir), Stdin: strings.NewReader(""), Stdout: full, Stderr: &talk,
			Getenv: func(string) string { return "" },
		})
		if status != exitOutput {
			t.Errorf("%v: status %d, %q; want %d", args, status, talk.String(), exitOutput)
		}
	}
}
