package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// asks is a dialog with a person who has typed all answers already.
func asks(t *testing.T, answers string) (*dialog, *bytes.Buffer) {
	shown := &bytes.Buffer{}
	in := bufio.NewReaderSize(strings.NewReader(answers), maxAnswer)
	return &dialog{ctx: t.Context(), in: in, out: shown, hidden: func(prompt string) (string, error) {
		shown.WriteString(prompt + "\n")
		return newKeyboard(nil, in).line(t.Context())
	}}, shown
}

func TestDialogAsksUntilTheAnswerIsRight(t *testing.T) {
	d, shown := asks(t, "\n  anna \n")
	got, err := d.ask("Name", "", func(answer string) error {
		if answer == "" {
			return &usageError{object: "name", reason: "there is none", hint: "give \x1b[1mone"}
		}
		return nil
	})
	if err != nil || got != "anna" {
		t.Errorf("got %q, %v", got, err)
	}
	if want := "Name:   name: there is none\n  give \uFFFD[1mone\nName: "; shown.String() != want {
		t.Errorf("got %q, want %q", shown.String(), want)
	}
}

func TestDialogConfirms(t *testing.T) {
	for answers, want := range map[string]bool{"\n": true, "N\n": false, "perhaps\nYes\n": true} {
		d, _ := asks(t, answers)
		if got, err := d.confirm("Sure", true); err != nil || got != want {
			t.Errorf("%q: got %v, %v", answers, got, err)
		}
	}
}

func TestDialogChooses(t *testing.T) {
	for answers, want := range map[string]int{"\n": 0, "2\n": 1, "0\n3\nx\n-1\n2\n": 1} {
		d, _ := asks(t, answers)
		if got, err := d.choose("Which", []string{"a", "b"}, 0); err != nil || got != want {
			t.Errorf("%q: got %v, %v", answers, got, err)
		}
	}
	d, shown := asks(t, "\n")
	if got, err := d.choose("Which", []string{"a", "b"}, 1); err != nil || got != 1 || !strings.Contains(shown.String(), "Which [2]: ") {
		t.Errorf("got %v, %v, want the preset one:\n%s", got, err, shown)
	}
}

// Whoever closes the terminal, or presses Ctrl-D, has left; a last line without
// its end is an answer.
func TestDialogIsLeft(t *testing.T) {
	d, _ := asks(t, "anna")
	yes := func(string) error { return nil }
	if got, err := d.ask("Name", "", yes); err != nil || got != "anna" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := d.ask("Name", "", yes); !errors.Is(err, errLeft) {
		t.Errorf("got %v, want errLeft", err)
	}
	if _, err := d.password("Password: "); !errors.Is(err, errLeft) {
		t.Errorf("got %v, want errLeft", err)
	}
	d, _ = asks(t, strings.Repeat("x", 2*maxAnswer)+"\n")
	if _, err := d.ask("Name", "", yes); err == nil || !strings.Contains(err.Error(), "longer than 4096 octets") {
		t.Errorf("got %v", err)
	}
	d, _ = asks(t, "")
	read, write := io.Pipe() // where nothing is typed
	defer write.Close()
	ctx, cancel := context.WithCancel(t.Context())
	d.ctx, d.in = ctx, bufio.NewReader(read)
	cancel()
	if _, err := d.ask("Name", "", yes); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestKeys(t *testing.T) {
	for keys, want := range map[string]string{
		"pass word\r":           "pass word",
		"abc\x7f\x7fd\n":        "ad",
		"a\u00e4\bb\r":          "ab",
		"wrong\x15right\r":      "right",
		"\x7f\x7fx\r":           "x",
		"up\x1b[A\x1bOP\x1ax\r": "upx",          // arrows and the like
		"tab\there\x04end\r":    "tab\thereend", // Ctrl-D ends nothing but an empty line
	} {
		if got, err := newKeyboard(nil, strings.NewReader(keys)).line(t.Context()); err != nil || got != want {
			t.Errorf("%q: got %q, %v", keys, got, err)
		}
	}
	for _, keys := range []string{"\x03", "secret\x03", "\x04", "\x1c"} {
		if got, err := newKeyboard(nil, strings.NewReader(keys)).line(t.Context()); !errors.Is(err, errLeft) || got != "" {
			t.Errorf("%q: got %q, %v", keys, got, err)
		}
	}
}

func TestWords(t *testing.T) {
	for line, want := range map[string]string{
		"":                             "",
		"pass show mail/work":          "pass|show|mail/work",
		"  a\t 'b  c'  \"d'e\" f\"g\"": "a|b  c|d'e|fg",
		"a ''":                         "a|",
		`C:\bin\pass.exe x`:            `C:\bin\pass.exe|x`,
	} {
		got, err := words(line)
		if err != nil || strings.Join(got, "|") != want {
			t.Errorf("%q: got %q, %v", line, got, err)
		}
	}
	if _, err := words("a 'b"); err == nil {
		t.Error("an open quote was taken")
	}
}
