//go:build unix

package secret

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// sh runs a script with arguments.
func sh(t *testing.T, script string, arguments ...string) (Secret, error) {
	return Command(t.Context(), append([]string{"sh", "-c", script, "sh"}, arguments...), nil)
}

func TestCommandTakesTheFirstLine(t *testing.T) {
	for script, want := range map[string]string{
		"echo word":                       "word",
		"printf word":                     "word",
		`printf 'word\r\n'`:               "word",
		"echo ' pass  word '":             " pass  word ",
		"echo word; echo user: ann":       "word",
		"echo word; echo careful >&2":     "word",
		`printf '\357\273\277word\n'`:     "word",
		"yes word | head -c 65536":        "word",
		`printf '%4096s\n' word`:          strings.Repeat(" ", 4092) + "word",
		`printf '%60000s\n' word`:         strings.Repeat(" ", 59996) + "word",
		"echo word; cat":                  "word", // standard input is empty
		"echo word; yes >&2 & kill $!":    "word",
		"sleep 0 & echo word":             "word",
		`[ "$(pwd)" = / ] && echo word`:   "word",
		"(exec </dev/tty) || echo word":   "word", // there is no terminal
		"echo word; exec 2>&-; exec >&- ": "word",
	} {
		s, err := sh(t, script)
		if err != nil || s.Reveal() != want {
			t.Errorf("%s: got %.80q, %v; want %.80q", script, s.Reveal(), err, want)
		}
	}
}

func TestCommandThatFails(t *testing.T) {
	for script, want := range map[string]string{
		"exit 3":                                `command "sh": exit status 3`,
		"true":                                  `command "sh": it printed nothing`,
		"echo":                                  `command "sh": its first line is empty`,
		"echo; echo word":                       `command "sh": its first line is empty`,
		`printf 'a\0b\n'`:                       `command "sh": it has a line break or a NUL in it`,
		`printf '\377\376a\0'`:                  `command "sh": it is in UTF-16`,
		"yes":                                   `command "sh": it printed more than 65536 octets`,
		"trap '' PIPE; yes":                     `command "sh": it printed more than 65536 octets`,
		"head -c 65537 /dev/zero":               `command "sh": it printed more than 65536 octets`,
		"kill -9 $$":                            `command "sh": signal: killed`,
		"echo word; exit 1":                     `command "sh": exit status 1`,
		"echo a >&2; echo b >&2;false":          `command "sh": exit status 1: b`,
		`printf 'gpg: no\r\n\n \n' >&2; exit 2`: `command "sh": exit status 2: gpg: no`,
		`printf 'a\033[31m\342\200\256b\377\n' >&2; exit 1`:                         `command "sh": exit status 1: a?[31m?b?`,
		`printf '%400s\n' x | tr ' ' y >&2; exit 1`:                                 `command "sh": exit status 1: ` + strings.Repeat("y", 300) + "...",
		`yes | head -c 9000 >&2; echo end >&2; exit 1`:                              `command "sh": exit status 1: end`,
		`echo Zq7word; echo "bad: Zq7word" >&2; exit 1`:                             `command "sh": exit status 1: bad: ***`,
		`set -x; echo Zq7word; false`:                                               `command "sh": exit status 1: + false`,
		`printf 'a\nZq7word\n'; echo Zq7word >&2; exit 1`:                           `command "sh": exit status 1: ***`,
		`printf Zq7word; printf '%9000sZq7word' x >&2; exit 1`:                      `command "sh": exit status 1`,
		`printf Zq7word; (printf Zq7word; printf '%2045s' x | tr ' ' y) >&2; false`: `command "sh": exit status 1`, // cut within the word
	} {
		s, err := sh(t, script)
		if err == nil || err.Error() != want || !s.IsZero() {
			t.Errorf("%s: got %v, want %s", script, err, want)
		}
	}
}

func TestCommandThatCannotBeRun(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\necho word\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	for _, test := range []struct {
		argv []string
		want string
	}{
		{nil, "command: there is none"},
		{[]string{""}, "no command"},
		{[]string{"popherd-no-such-command"}, "it is not there"},
		{[]string{"./plain"}, "its path is not absolute"},
		{[]string{"../x/plain"}, "its path is not absolute"},
		{[]string{plain}, "permission denied"},
		{[]string{dir}, "permission denied"},
		{[]string{filepath.Join(dir, "none")}, "no such file"},
		{[]string{"echo", "a\x00b"}, "invalid argument"},
	} {
		if s, err := Command(t.Context(), test.argv, nil); err == nil || !strings.Contains(err.Error(), test.want) || !s.IsZero() {
			t.Errorf("%q: got %v, want %s", test.argv, err, test.want)
		}
	}
}

func TestCommandHasTheEnvironmentItIsGiven(t *testing.T) {
	t.Setenv("POPHERD_TEST", "outer")
	for _, test := range []struct {
		environ []string
		want    string
	}{{nil, "outer"}, {[]string{"POPHERD_TEST=inner"}, "inner"}, {[]string{}, "unset"}} {
		s, err := Command(t.Context(), []string{"/bin/sh", "-c", "echo ${POPHERD_TEST-unset}"}, test.environ)
		if err != nil || s.Reveal() != test.want {
			t.Errorf("%q: got %q, %v; want %q", test.environ, s.Reveal(), err, test.want)
		}
	}
}

// TestNoShellIsInvolved: what a shell would take for its own is an argument.
func TestNoShellIsInvolved(t *testing.T) {
	const odd = "$(id); `id` | & > x * ~ \\"
	if s, err := Command(t.Context(), []string{"printf", "%s", odd}, nil); err != nil || s.Reveal() != odd {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
}

// TestAHungCommandIsKilledWithItsChildren: by its limit, or when the context
// ends. A child that lived would hold the fifo open.
func TestAHungCommandIsKilledWithItsChildren(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit time.Duration
		want  error
	}{{"limit", time.Second, context.DeadlineExceeded}, {"context", time.Hour, context.Canceled}} {
		t.Run(test.name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Skip(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			over := make(chan error, 1)
			go func() {
				f, err := os.Open(fifo) // returns when the child runs
				if test.limit == time.Hour {
					cancel()
				}
				if err == nil {
					_, err = io.Copy(io.Discard, f)
					f.Close()
				}
				over <- err
			}()
			script := `trap '' TERM INT HUP; sleep 1000 >"$1" & echo word; echo hung >&2; wait`
			s, err := run(ctx, []string{"sh", "-c", script, "sh", fifo}, nil, test.limit)
			if !errors.Is(err, test.want) || !s.IsZero() {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if err := <-over; err != nil {
				t.Error(err)
			}
			cancel()
		})
	}
}

// TestAnAgentMayGoOn: gpg-agent and the like keep running, and some of them
// hold the standard output open.
func TestAnAgentMayGoOn(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	s, err := sh(t, `(read go <"$1") & echo word`, fifo)
	if err != nil || s.Reveal() != "word" {
		t.Errorf("got %q, %v", s.Reveal(), err)
	}
	f, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0) // fails if nobody reads
	if err != nil {
		t.Fatal("the agent is gone: ", err)
	}
	f.Close()
}
