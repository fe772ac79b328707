package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/state"
)

// TestLogCleans keeps what a server or a message says from steering a terminal.
func TestLogCleans(t *testing.T) {
	dir := t.TempDir()
	store := openState(t, dir)
	account, err := store.Account(t.Context(), anna, noon)
	must(t, err)
	id, err := account.Begin(t.Context(), noon, "a\x1b[2Jb.lua")
	must(t, err)
	evil := "\x1b]0;owned\a\r\n\u202e\xff"
	must(t, account.Journal(t.Context(), noon, id, func(j *state.Journal) {
		j.Plan(state.Row{
			Number: 1, UniqueID: "u" + evil, Decision: "delete", Reason: evil, Rule: evil, Evidence: evil,
			Subject: evil, From: evil,
		})
		j.End("aborted", evil)
	}))
	account.Close()
	for _, args := range [][]string{{"log"}, {"log", "1"}, {"log", "--uidl", "u" + evil}} {
		status, out, talk := popherd(t, t.Context(), append(args, "--state-dir", dir)...)
		if status != exitOK || strings.ContainsAny(out+talk, "\x1b\a\r\u202e") || !strings.Contains(out, "run 1") {
			t.Errorf("%q: status %d, %q, %q", args, status, out, talk)
		}
	}
	status, out, _ := popherd(t, t.Context(), "log", "1", "-o", "json", "--state-dir", dir)
	if status != exitOK || !json.Valid([]byte(out)) {
		t.Errorf("json: status %d, %q", status, out)
	}
}

// TestLogLimit shows the latest runs, and all on request.
func TestLogLimit(t *testing.T) {
	dir := t.TempDir()
	store := openState(t, dir)
	account, err := store.Account(t.Context(), anna, noon)
	must(t, err)
	for i := range 25 {
		id, err := account.Begin(t.Context(), noon.Add(time.Duration(i)*time.Hour), fmt.Sprintf("%d.lua", i+1))
		must(t, err)
		must(t, account.Journal(t.Context(), noon, id, func(j *state.Journal) { j.End("planned", "") }))
	}
	account.Close()
	for limit, want := range map[string]int{"": 20, "--limit=3": 3, "--limit=0": 25} {
		args := []string{"log", "--state-dir", dir}
		if limit != "" {
			args = append(args, limit)
		}
		_, out, _ := popherd(t, t.Context(), args...)
		if got := strings.Count(out, "\n"); got != want || !strings.HasPrefix(out, "run 25 ") {
			t.Errorf("%s: %d lines, want %d: %s", limit, got, want, out)
		}
	}
}

// TestLogWhileRunning does not wait for a run, and says that it has not ended.
func TestLogWhileRunning(t *testing.T) {
	dir := t.TempDir()
	account, err := openState(t, dir).Account(t.Context(), anna, noon)
	must(t, err)
	defer account.Close()
	_, err = account.Begin(t.Context(), noon, "long.lua")
	must(t, err)
	status, out, talk := popherd(t, t.Context(), "log", "--state-dir", dir)
	if status != exitOK || !strings.Contains(out, "not ended") {
		t.Errorf("status %d, %q, %q", status, out, talk)
	}
}
