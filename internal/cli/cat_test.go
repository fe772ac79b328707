package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/popherd/popherd/pop3"
)

// TestCatRefused writes what the server gives, and names what it refuses.
func TestCatRefused(t *testing.T) {
	sh, out, talk := testShell()
	m := playMail(t, threeListed+"C: RETR 1\nS: -ERR [SYS/TEMP] later\nC: RETR 2\nS: +OK\nS: Subject: two\nS:\nS: .\nC: RETR 4\nS: -ERR no\neof\n")
	err := lookFault(m.Name, sh.cat(t.Context(), m, []string{"1", "2", "4"}, catFlags{}))
	if err == nil || err.Error() != "account work: 2 of 3 messages could not be retrieved" || exitStatus(err) != exitProtocol {
		t.Errorf("got %v with status %d", err, exitStatus(err))
	}
	if got := out.String(); got != "Subject: two\r\n\r\n" {
		t.Errorf("wrote %q", got)
	}
	if got := talk.String(); !strings.Contains(got, "popherd: account work: RETR 1: [SYS/TEMP] later\nhint: try again later") || !strings.Contains(got, "popherd: account work: RETR 4: no\n") {
		t.Errorf("said %q", got)
	}
}

// TestCatRefusedOne has the server's reason as the error.
func TestCatRefusedOne(t *testing.T) {
	sh, _, talk := testShell()
	m := playMail(t, threeListed+"C: RETR 1\nS: -ERR [SYS/TEMP] later\neof\n")
	err := lookFault(m.Name, sh.cat(t.Context(), m, []string{"1"}, catFlags{}))
	if err == nil || err.Error() != "account work: RETR 1: [SYS/TEMP] later" || exitStatus(err) != exitTryAgain || talk.Len() > 0 {
		t.Errorf("got %v with status %d, said %q", err, exitStatus(err), talk)
	}
}

// TestCatCut fails on a message that did not come whole.
func TestCatCut(t *testing.T) {
	sh, _, _ := testShell()
	m := playMail(t, threeListed+"C: RETR 1\nS: +OK\nS: Subject: one\ncut\n")
	err := lookFault(m.Name, sh.cat(t.Context(), m, []string{"1"}, catFlags{}))
	if exitStatus(err) != exitProtocol {
		t.Errorf("got %v with status %d", err, exitStatus(err))
	}
}

// TestFind names a message by its number or its unique-id, and nothing by
// guessing.
func TestFind(t *testing.T) {
	l := &listing{
		messages: []pop3.ScanListing{{Number: 1}, {Number: 3}, {Number: 4}, {Number: 5}},
		ids:      map[int]string{1: "a", 3: "1", 4: "b", 5: "b"},
	}
	for _, c := range []struct {
		word     string
		uniqueID bool
		want     int
		fault    string
		status   int
	}{
		{"1", false, 1, "", 0},
		{"1", true, 3, "", 0},
		{"a", false, 1, "", 0},
		{"2", false, 0, "message 2: there is none", exitNoInput},
		{"b", false, 0, `unique-id "b": messages 4, 5 have it`, exitInput},
		{"", false, 0, `message "": not a message-number`, exitUsage},
		{"", true, 0, `unique-id "": no message has it`, exitNoInput},
		{"A", false, 0, `unique-id "A": no message has it`, exitNoInput},
		{"00", false, 0, `message "00": not a message-number`, exitUsage},
		{"1-3", false, 0, `unique-id "1-3": no message has it`, exitNoInput},
	} {
		got, err := l.find(c.word, c.uniqueID)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if got != c.want || said != c.fault || exitStatus(err) != c.status || err != nil && hintOf(err) == "" {
			t.Errorf("%q: got %d, %q, status %d, hint %q; want %d, %q, %d", c.word, got, said, exitStatus(err), hintOf(err), c.want, c.fault, c.status)
		}
	}
	l.ids = nil
	if _, err := l.find("a", false); err == nil || err.Error() != `unique-id "a": the server has no unique-ids` {
		t.Errorf("without UIDL: got %v", err)
	}
}

// TestCleaner cleans lines, in whatever pieces they come.
func TestCleaner(t *testing.T) {
	long := strings.Repeat("ä", maxCleanLine)
	const text = "one\r\ntwo\x1b[31m\n\r\nä\u202e\xff\tb"
	for _, c := range []struct{ text, want string }{
		{text, "one\ntwo\uFFFD[31m\n\nä\uFFFD\uFFFD b\n"},
		{long, long + "\n"},
		{"x" + long + "\r\n", "x" + long + "\n"},
		{strings.Repeat("x", maxCleanLine) + "\r\nend\r\n", strings.Repeat("x", maxCleanLine) + "\nend\n"},
		{"", ""},
	} {
		for _, piece := range []int{1, 3, 1000, len(c.text) + 1} {
			var got bytes.Buffer
			w := &cleaner{w: &got}
			for rest := c.text; rest != ""; rest = rest[min(piece, len(rest)):] {
				n, err := w.Write([]byte(rest[:min(piece, len(rest))]))
				if err != nil || n != min(piece, len(rest)) {
					t.Fatal(n, err)
				}
			}
			must(t, w.end())
			if got.String() != c.want {
				t.Errorf("%.20q of %d octets, by %d: got %.40q of %d, want %d", c.text, len(c.text), piece, got.String(), got.Len(), len(c.want))
			}
		}
	}
}

// FuzzCleaner: nothing that a terminal obeys gets through.
func FuzzCleaner(f *testing.F) {
	f.Add([]byte("one\r\ntwo\x1b[31m\n\xff"), 3)
	f.Fuzz(func(t *testing.T, octets []byte, piece int) {
		var got bytes.Buffer
		w := &cleaner{w: &got}
		piece = max(piece, 1)
		for rest := octets; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			w.Write(rest[:min(piece, len(rest))])
		}
		must(t, w.end())
		if !utf8.Valid(got.Bytes()) || strings.ContainsFunc(got.String(), func(r rune) bool { return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0) }) {
			t.Errorf("%q became %q", octets, got.String())
		}
		if got, want := strings.Count(got.String(), "\n"), bytes.Count(octets, []byte("\n")); got < want || got > want+1 {
			t.Errorf("%d lines became %d", want, got)
		}
	})
}
