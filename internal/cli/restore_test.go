package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/state"
)

// odd are messages that something on the way might change.
var odd = []string{
	"From: a@b\r\nSubject: plain\r\n\r\nbody\r\n",
	"From: a@b\r\nSubject: no line end\r\n\r\nbody",
	"Subject: bare\n\nLF and CR\r \x00 and \xff 8-bit\n",
	"\r\nFrom the start\r\n.\r\n..dots\r\n>From quoted\r\n",
	"",
	strings.Repeat("long line ", 100000),
}

// restored reads the messages of a folder of files.
func restored(t *testing.T, pattern string) map[string]int {
	t.Helper()
	files, err := filepath.Glob(pattern)
	must(t, err)
	found := map[string]int{}
	for _, f := range files {
		octets, err := os.ReadFile(f)
		must(t, err)
		found[string(octets)]++
	}
	return found
}

// TestRestore brings messages back as they came, once.
func TestRestore(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, odd...)
	for _, kind := range []string{"maildir", "eml"} {
		to := filepath.Join(t.TempDir(), kind)
		args := []string{"restore", "1", "--to", kind + ":" + to, "--state-dir", dir}
		status, out, talk := popherd(t, t.Context(), args...)
		want := fmt.Sprintf("restored %d of %d messages to %s:%s\n", len(odd), len(odd), kind, to)
		if status != exitOK || out != want || talk != "" {
			t.Errorf("%s: status %d, %q, %q; want %q", kind, status, out, talk, want)
		}
		status, out, _ = popherd(t, t.Context(), args...)
		if again := fmt.Sprintf("restored 0 of %d messages to %s:%s; %d were there already\n", len(odd), kind, to, len(odd)); status != exitOK || out != again {
			t.Errorf("%s again: status %d, %q; want %q", kind, status, out, again)
		}
		pattern := filepath.Join(to, map[string]string{"maildir": "new/*", "eml": "*.eml"}[kind])
		got := restored(t, pattern)
		for _, o := range odd {
			if got[o] != 1 {
				t.Errorf("%s: %.40q is there %d times", kind, o, got[o])
			}
		}
	}
}

// TestRestoreToMbox takes the postmark from what the message says.
func TestRestoreToMbox(t *testing.T) {
	dir := t.TempDir()
	octets := "Return-Path: <bounce@shop.example>\r\nReceived: by x; Mon, 7 Sep 2026 08:00:00 +0000\r\n\r\nFrom here\r\n"
	rememberRun(t, dir, anna, octets)
	to := filepath.Join(t.TempDir(), "restored.mbox")
	for range 2 {
		status, out, talk := popherd(t, t.Context(), "restore", "uid-1", "--to", "mbox:"+to, "--state-dir", dir)
		if status != exitOK {
			t.Fatalf("status %d, %q, %q", status, out, talk)
		}
	}
	got, err := os.ReadFile(to)
	must(t, err)
	if !bytes.HasPrefix(got, []byte("From bounce@shop.example Mon Sep  7 08:00:00 2026\n")) || bytes.Count(got, []byte("Return-Path")) != 1 {
		t.Errorf("mbox: %q", got)
	}
}

// TestRestoreDamaged names what cannot be restored, and restores the others.
func TestRestoreDamaged(t *testing.T) {
	for _, dry := range []bool{false, true} {
		dir := t.TempDir()
		files := rememberRun(t, dir, anna, "one\r\n", "two\r\n", "three\r\n", "four\r\n", "five\r\n", "six\r\n")
		must(t, os.WriteFile(files[1], []byte("twO\r\n"), 0o600))
		must(t, os.Remove(files[2]))
		must(t, os.WriteFile(files[3], []byte("four\r\nand more"), 0o600))
		must(t, os.Remove(files[4]))
		must(t, os.Mkdir(files[4], 0o700))
		to := filepath.Join(t.TempDir(), "to")
		args := []string{"restore", "1", "--to", "eml:" + to, "--state-dir", dir}
		if dry {
			args = append(args, "-n")
		}
		status, out, talk := popherd(t, t.Context(), args...)
		if status != exitSomeFailed {
			t.Errorf("status %d, want %d", status, exitSomeFailed)
		}
		for i, what := range map[int]string{1: "damaged", 2: "missing", 3: "damaged", 4: "is not a file"} {
			if !strings.Contains(talk, files[i]) || !strings.Contains(talk, what) {
				t.Errorf("%s, %s, is not in %q", files[i], what, talk)
			}
		}
		if !strings.Contains(talk, "restore: 4 messages are not restored; the others are") {
			t.Errorf("no verdict in %q", talk)
		}
		got := restored(t, filepath.Join(to, "*"))
		want := map[string]int{"one\r\n": 1, "six\r\n": 1}
		wantOut := "restored 2 of 6 messages to eml:" + to + "\n"
		if dry {
			want = map[string]int{}
			wantOut = "2 of 6 messages can be restored to eml:" + to + " (dry run: nothing changed)\n"
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || out != wantOut {
			t.Errorf("%q, and %v is there; want %q, %v", out, got, wantOut, want)
		}
	}
}

// TestRestoreWhose asks whose message is meant, and takes a number for a run.
func TestRestoreWhose(t *testing.T) {
	dir, bob := t.TempDir(), "bob@pop.example.org"
	rememberRun(t, dir, anna, "a")
	rememberRun(t, dir, bob, "b")
	to := filepath.Join(t.TempDir(), "to")
	for _, c := range []struct {
		args string
		want int
		talk string
	}{
		{"uid-1", exitUsage, `unique-id "uid-1": several accounts have it: anna@pop.example.org, bob@pop.example.org`},
		{"uid-1 --account " + bob, exitOK, ""},
		{"--uidl uid-1 --account " + bob, exitOK, ""},
		{"1 --account " + bob, exitNoInput, "run 1: nothing was backed up"},
		{"7", exitNoInput, "--uidl 7"},
		{"uid-2", exitNoInput, `unique-id "uid-2": nothing was backed up`},
		{"--uidl 7 1", exitUsage, "named too"},
		{"1 2", exitUsage, "one run or unique-id at a time"},
	} {
		args := append([]string{"restore", "--to", "eml:" + to, "--state-dir", dir}, strings.Fields(c.args)...)
		status, _, talk := popherd(t, t.Context(), args...)
		if status != c.want || !strings.Contains(talk, c.talk) || c.talk == "" && talk != "" {
			t.Errorf("%s: status %d, %q; want %d, %q", c.args, status, talk, c.want, c.talk)
		}
	}
	if got := restored(t, filepath.Join(to, "*")); got["b"] != 1 || len(got) != 1 {
		t.Errorf("restored %v, want b", got)
	}
}

// TestRestoreTargetFails stops where there is no use in going on, and goes on
// where one message is refused.
func TestRestoreTargetFails(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, strings.Split(strings.Repeat("x\r\n,", 30), ",")...)
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o600))
	for _, c := range []struct {
		to    string
		want  int
		most  int // lines of standard error
		least int
	}{
		{"maildir:" + file, exitOutput, 2, 1},                   // a file in the way
		{"lmtp:unix:" + file + "?rcpt=a@b", exitTryAgain, 2, 1}, // nobody there
		{`pipe:["/bin/false"]`, exitOutput, 12, 10},
		{"maildir:~/x", exitUsage, 2, 2},
	} {
		status, _, talk := popherd(t, t.Context(), "restore", "1", "--to", c.to, "--state-dir", dir)
		lines := strings.Count(talk, "\n")
		if status != c.want || lines > c.most || lines < c.least {
			t.Errorf("%s: status %d, want %d; %d lines: %s", c.to, status, c.want, lines, talk)
		}
	}
}

// TestRestoreInterrupted says so.
func TestRestoreInterrupted(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, "a", "b")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, out, talk := popherd(t, ctx, "restore", "1", "--to", "eml:"+t.TempDir(), "--state-dir", dir); status != exitInterrupted {
		t.Errorf("status %d, %q, %q; want %d", status, out, talk, exitInterrupted)
	}
}

// A fussy is a target that something happens to at its second message.
type fussy struct {
	second func() error // called when the second message begins
	sync   error
	begun  int
	synced bool
}

func (f *fussy) Begin(context.Context, deliver.Envelope) (deliver.Delivery, error) {
	if f.begun++; f.begun == 2 && f.second != nil {
		if err := f.second(); err != nil {
			return nil, err
		}
	}
	return taken{}, nil
}

func (f *fussy) Sync(ctx context.Context) error {
	f.synced = ctx.Err() == nil
	return f.sync
}

func (f *fussy) Close() error { return nil }

// taken is a delivery that goes well.
type taken struct{}

func (taken) Write(p []byte) (int, error)      { return len(p), nil }
func (taken) Commit(ctx context.Context) error { return ctx.Err() }
func (taken) Abort() error                     { return nil }

// TestRestoreCounts counts as restored what lasts, and nothing else, when it
// is cut off.
func TestRestoreCounts(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, "a", "b", "c")
	backups, err := openState(t, dir).Backups(t.Context(), state.Query{})
	must(t, err)
	broken := &deliver.Error{Target: "x", Op: "begin", Temporary: true, Err: errors.New("gone away")}
	full := &deliver.Error{Target: "x", Op: "sync", Err: errors.New("no room")}
	ctx, cancel := context.WithCancel(t.Context())
	for _, c := range []struct {
		name     string
		ctx      context.Context
		target   *fussy
		restored int
		status   int
		talk     string
	}{
		{"all goes well", t.Context(), &fussy{}, 3, exitOK, ""},
		{"interrupted", ctx, &fussy{second: func() error { cancel(); return nil }}, 1, exitInterrupted, "interrupted: 2 messages are not restored"},
		{"the server goes away", t.Context(), &fussy{second: func() error { return broken }}, 1, exitTryAgain, "gone away"},
		{"nothing lasts", t.Context(), &fussy{sync: full}, 0, exitOutput, "no room"},
	} {
		var talk bytes.Buffer
		sh := &shell{Env: Env{Stdout: &talk, Stderr: &talk}}
		r := &restoration{sh: sh, bar: sh.progressBar(), target: c.target, all: len(backups)}
		err := r.restore(c.ctx, backups)
		if r.restored != c.restored || exitStatus(err) != c.status || !c.target.synced || !strings.Contains(fmt.Sprint(err), c.talk) {
			t.Errorf("%s: %d restored, synced %v, status %d: %v", c.name, r.restored, c.target.synced, exitStatus(err), err)
		}
	}
}

// TestRestoreToCommand hands each message to a command.
func TestRestoreToCommand(t *testing.T) {
	dir := t.TempDir()
	rememberRun(t, dir, anna, odd[0], odd[1])
	to := filepath.Join(t.TempDir(), "to")
	spec := fmt.Sprintf(`pipe:["/bin/sh", "-c", "cat >%s.$POPHERD_ID"]`, to)
	status, out, talk := popherd(t, t.Context(), "restore", "1", "--to", spec, "--state-dir", dir)
	got := restored(t, to+".*")
	if status != exitOK || got[odd[0]] != 1 || got[odd[1]] != 1 {
		t.Errorf("status %d, %q, %q: %v", status, out, talk, got)
	}
}
