package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// playMail is a mail whose server plays a dialogue, after the login.
func playMail(t *testing.T, dialogue string) *mail {
	t.Helper()
	conn := pop3test.Play(t, "S: +OK\nC: USER anna\nS: +OK\nC: PASS secret\nS: +OK\n"+dialogue)
	c, err := pop3.NewClient(t.Context(), conn, "localhost", &pop3.Options{InsecureAllowPlaintext: true})
	must(t, err)
	t.Cleanup(func() { c.Close() })
	must(t, c.Login(t.Context(), "anna", "secret"))
	return &mail{Client: c, Name: "work"}
}

// testShell is a shell that writes to buffers.
func testShell() (sh *shell, out, talk *bytes.Buffer) {
	out, talk = new(bytes.Buffer), new(bytes.Buffer)
	return newShell(Env{Stdout: out, Stderr: talk, Getenv: func(string) string { return "" }}), out, talk
}

// threeListed is what a server without CAPA and UIDL says to LIST.
const threeListed = "C: CAPA\nS: -ERR\nC: LIST\nS: +OK\nS: 1 100\nS: 2 200\nS: 4 400\nS: .\nC: UIDL\nS: -ERR\n"

// TestLsRefused shows why a message has no header, and goes on.
func TestLsRefused(t *testing.T) {
	sh, out, _ := testShell()
	m := playMail(t, threeListed+"C: CAPA\nS: -ERR\nC: TOP 2 0\nS: -ERR [SYS/TEMP] \x1b[31mlater\nC: TOP 4 0\nS: +OK\nS: Subject: four\nS:\nS: .\neof\n")
	must(t, sh.ls(t.Context(), m, lsFlags{Limit: 2, Output: "table"}))
	want := "2  200  TOP 2 0: [SYS/TEMP] \uFFFD[31mlater\n4  400                                                    four\n"
	if got := out.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestLsLost shows what came before the connection was lost, and names the
// account and the message.
func TestLsLost(t *testing.T) {
	for _, format := range []string{"table", "json", "ndjson"} {
		sh, out, _ := testShell()
		m := playMail(t, threeListed+"C: CAPA\nS: -ERR\nC: TOP 1 0\nS: +OK\nS: Subject: one\nS:\nS: .\nC: TOP 2 0\ncut\n")
		err := lookFault(m.Name, sh.ls(t.Context(), m, lsFlags{Output: format}))
		if err == nil || !strings.HasPrefix(err.Error(), "account work: header of message 2: TOP: ") || exitStatus(err) != exitProtocol {
			t.Errorf("as %s: error %v with status %d", format, err, exitStatus(err))
		}
		if got := out.String(); !strings.Contains(got, "one") {
			t.Errorf("as %s: got %q", format, got)
		}
	}
}

// TestLookFault gives faults of sessions their statuses, and leaves others.
func TestLookFault(t *testing.T) {
	usage := &usageError{object: "message \"0\"", reason: "not a message-number", hint: "h"}
	for _, c := range []struct {
		err    error
		text   string
		status int
	}{
		{&pop3.Error{Command: "STAT", Code: pop3.CodeInUse, Text: "locked"}, "account work: STAT: [IN-USE] locked", exitTryAgain},
		{&pop3.Error{Command: "TOP 1 0", Text: "no"}, "account work: TOP 1 0: no", exitProtocol},
		{&pop3.TimeoutError{Op: "read", Limit: time.Second}, "account work: ", exitTryAgain},
		{context.Canceled, "interrupted", exitInterrupted},
		{usage, usage.Error(), exitUsage},
		{&outputError{"no room"}, "standard output: no room", exitOutput},
	} {
		got := lookFault("work", c.err)
		if !strings.HasPrefix(got.Error(), c.text) || exitStatus(got) != c.status {
			t.Errorf("%v: got %q with status %d, want %q with %d", c.err, got, exitStatus(got), c.text, c.status)
		}
	}
}

// TestListedLine keeps to one line of the terminal, whatever a header says.
func TestListedLine(t *testing.T) {
	then := time.Date(2026, 9, 14, 12, 0, 0, 0, time.Local)
	m := listed{Number: 7, Octets: 99, Date: &then, address: "anna@example.org", Subject: "生命\u202e\x1b[2J and so on"}
	for _, c := range []struct {
		width int
		want  string
	}{
		{0, "  7  99  2026-09-14 12:00  anna@example.org                生命\uFFFD\uFFFD[2J and so on\n"},
		{66, "  7  99  2026-09-14 12:00  anna@example.org                生命...\n"},
		{64, "  7  99  2026-09-14 12:00  anna@example.org                生...\n"},
		{63, "  7  99  2026-09-14 12:00  anna@example.org                ...\n"},
		{10, "  7  99...\n"},
	} {
		if got := (listedTable{number: 3, size: 2, width: c.width}).line(m); got != c.want {
			t.Errorf("width %d: got %q, want %q", c.width, got, c.want)
		}
	}
	m.address = strings.Repeat("a", 100) + "@example.org"
	if got, want := (listedTable{number: 1, size: 2}).line(m), "7  99  2026-09-14 12:00  "+strings.Repeat("a", 27)+"...  生命\uFFFD\uFFFD[2J and so on\n"; got != want {
		t.Errorf("a long address: got %q, want %q", got, want)
	}
}

// onTerminal runs a command line on a terminal of 60 columns, and returns what
// a person sees.
func onTerminal(t *testing.T, args ...string) string {
	t.Helper()
	screen, stdout, err := pty.Open()
	if err != nil {
		t.Skipf("there is no terminal to be had: %v", err)
	}
	defer screen.Close()
	must(t, pty.Setsize(stdout, &pty.Winsize{Rows: 24, Cols: 60}))
	seen := make(chan string)
	go func() {
		var all bytes.Buffer
		all.ReadFrom(screen) // which ends with an error when stdout is closed
		seen <- all.String()
	}()
	var talk bytes.Buffer
	env := Env{Args: args, Stdin: strings.NewReader(""), Stdout: stdout, Stderr: &talk, Getenv: func(string) string { return "" }}
	if status := Main(t.Context(), env); status != exitOK {
		t.Errorf("%q: status %d, %q", args, status, talk.String())
	}
	stdout.Close()
	return <-seen
}

// hostile is a folder with a message that would clear the terminal.
func hostile(t *testing.T) string {
	dir := t.TempDir()
	octets := "From: Eve <eve@example.org>\r\nSubject: =?utf-8?q?=1B[2J?= a subject that is too long for the line\r\n\r\n\x1b[2Jbody \xe4\r\n"
	must(t, os.WriteFile(filepath.Join(dir, "1.eml"), []byte(octets), 0o600))
	return dir
}

// TestOnTerminal shows nothing to a terminal that it would take for a command,
// unless that is what was asked for.
func TestOnTerminal(t *testing.T) {
	dir := hostile(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"ls"}, "1  112                    eve@example.org                ...\r\n"},
		{[]string{"cat", "1"}, "From: Eve <eve@example.org>\r\nSubject: =?utf-8?q?=1B[2J?= a subject that is too long for the line\r\n\r\n\uFFFD[2Jbody \uFFFD\r\n"},
		{[]string{"top", "1", "0"}, "From: Eve <eve@example.org>\r\nSubject: =?utf-8?q?=1B[2J?= a subject that is too long for the line\r\n\r\n"},
	} {
		if got := onTerminal(t, append(c.args, "--maildrop", dir)...); got != c.want {
			t.Errorf("%q: got %q, want %q", c.args, got, c.want)
		}
	}
	if got := onTerminal(t, "cat", "1", "--raw", "--maildrop", dir); !strings.Contains(got, "\x1b[2Jbody \xe4") {
		t.Errorf("raw: got %q", got)
	}
	if got := onTerminal(t, "report", "-o", "plot", "--color", "never", "--maildrop", dir); !strings.HasSuffix(got, "  eve@example.org  1  "+strings.Repeat("#", 60-15-1-6)+"\r\n") {
		t.Errorf("plot: got %q", got)
	}
}

// TestLsBrokenOutput ends when nobody takes what it writes.
func TestLsBrokenOutput(t *testing.T) {
	sh, _, _ := testShell()
	sh.Stdout = brokenOutput{}
	m := playMail(t, threeListed+"eof\n")
	err := sh.ls(t.Context(), m, lsFlags{NoHeaders: true, Output: "ndjson"})
	m.Client.Close()
	if exitStatus(err) != exitOutput {
		t.Errorf("got %v with status %d", err, exitStatus(err))
	}
}

// brokenOutput takes nothing.
type brokenOutput struct{}

func (brokenOutput) Write([]byte) (int, error) { return 0, errors.New("no room") }
