//go:build unix

package notice

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/mbox"
)

// shell is a receiver that a script plays; $1 is the first argument.
func shell(script string, arguments ...string) To {
	return To{Command: append([]string{"/bin/sh", "-c", script, "sh"}, arguments...)}
}

// target is a receiver of mail.
func target(t *testing.T, spec string) To {
	t.Helper()
	s, err := deliver.Parse(spec)
	if err != nil {
		t.Fatal(err)
	}
	return To{Target: s, Name: "admins", Node: "attic", Options: deliver.Options{Now: func() time.Time { return told }}}
}

// read reads all files that a pattern names.
func read(t *testing.T, pattern ...string) (all [][]byte) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		octets, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, octets)
	}
	return all
}

// TestACommandIsTold: it reads the JSON, whatever is in it, and has the most
// important in its environment, and nothing else.
func TestACommandIsTold(t *testing.T) {
	t.Setenv("SECRET", "outer")
	for name, word := range hostile() {
		n := named(word)
		n.Kind, n.More = Failure, 37
		dir := t.TempDir()
		to := shell(`cat >"$1/json"; env >"$1/env"; printf %s "$POPHERD_MESSAGE" >"$1/message"`, dir)
		to.Options.Environ = []string{"HOME=/srv/ann"}
		if err := Send(t.Context(), n, to); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := read(t, dir, "json"); !bytes.Equal(got[0], n.JSON()) {
			t.Errorf("%s: it read %.200q", name, got[0])
		}
		if got := read(t, dir, "message"); string(got[0]) != n.safe().Message {
			t.Errorf("%s: POPHERD_MESSAGE is %.200q", name, got[0])
		}
		var names []string
		for line := range strings.Lines(string(read(t, dir, "env")[0])) {
			variable, _, _ := strings.Cut(line, "=")
			switch variable {
			case "PATH", "PWD", "OLDPWD", "SHLVL", "_": // the pipe's, and a shell's own
			default:
				names = append(names, variable)
			}
		}
		if got, want := len(names), 11; got != want || strings.Contains(strings.Join(names, " "), "SECRET") {
			t.Errorf("%s: its environment has %q", name, names)
		}
	}
}

func TestTheEnvironmentOfACommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "said")
	n := sample()
	n.DryRun = true
	script := `for v in KIND JOB ACCOUNT RUN DRY_RUN OUTCOME MESSAGE MORE URL; do eval "printf '%s|' \"\$POPHERD_$v\""; done >"$1"`
	if err := Send(t.Context(), n, shell(script, file)); err != nil {
		t.Fatal(err)
	}
	const want = "failure|nightly|work|17|true|refused|account work: auth: [AUTH] no such password|0|http://127.0.0.1:8110/runs/17|"
	if got := read(t, file); string(got[0]) != want {
		t.Errorf("got %s, want %s", got[0], want)
	}
}

func TestACommandThatFails(t *testing.T) {
	for _, test := range []struct {
		name string
		to   To
		want string
	}{
		{"status", shell("exit 3"), `command "/bin/sh": exit status 3`},
		{"last line", shell(`cat >/dev/null; cat "$1" >&2; exit 75`, file(t, "one\ntwo\r\n\n \n")), `command "/bin/sh": exit status 75: two`},
		{"signal", shell("kill -9 $$"), `command "/bin/sh": signal: killed`},
		{"terminal", shell(`cat "$1" >&2; exit 1`, file(t, "a\x1b[31m\u202eb\xff")), `command "/bin/sh": exit status 1: a?[31m?b` + "\ufffd"},
		{"megabytes", shell(`yes | head -c 3000000; yes | head -c 3000000 >&2; cat "$1" >&2; exit 1`, file(t, "the end")), `command "/bin/sh": exit status 1: the end`},
		{"a megabyte of one letter", shell(`head -c 1000000 /dev/zero | tr '\0' x >&2; exit 1`), `command "/bin/sh": exit status 1: ` + strings.Repeat("x", 300) + "..."},
		{"missing", To{Command: []string{"/nowhere/at/all", "word"}}, `command "/nowhere/at/all": fork/exec /nowhere/at/all: no such file or directory`},
		{"not in PATH", To{Command: []string{"popherd-no-such-command"}}, `command "popherd-no-such-command": exec: "popherd-no-such-command": executable file not found in $PATH`},
		{"NUL", To{Command: []string{"/bin/echo", "a\x00b"}}, `command "/bin/echo": fork/exec /bin/echo: invalid argument`},
		{"a hostile name", To{Command: []string{"/no\x1b[2J\nwhere"}}, `command "/no?[2J where": fork/exec /no?[2J where: no such file or directory`},
	} {
		if err := Send(t.Context(), sample(), test.to); err == nil || err.Error() != test.want {
			t.Errorf("%s: got  %v\nwant %s", test.name, err, test.want)
		}
	}
}

// file writes a file with a text, which is then in no argument.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "said")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestWhatACommandPrintsIsThrownAway: however much, and whether it reads or not.
func TestWhatACommandPrintsIsThrownAway(t *testing.T) {
	for _, script := range []string{
		"yes | head -c 3000000", "yes | head -c 3000000 >&2", "exit 0", "exec <&-; exec >&-; exec 2>&-", "cat", "sleep 0 & cat >&2",
	} {
		n := named(hostile()["longer"])
		if err := Send(t.Context(), n, shell(script)); err != nil {
			t.Errorf("%s: %v", script, err)
		}
	}
}

// TestArgumentsAreNotTold: a webhook's address and a token stand in arguments,
// and programs repeat them.
func TestArgumentsAreNotTold(t *testing.T) {
	const token, hook = "Zq7w/rd+Uk", "https://hooks.example.org/services/T0/Kx93mPq"
	arguments := []string{"Authorization: Bearer " + token, hook, "-s"}
	for script, want := range map[string]string{
		`echo "bad token $1" >&2; exit 1`:                         ": bad token ***",
		`echo "curl: (6) no host: $2" >&2; exit 6`:                "curl: (6) no host: ***",
		`echo "404 for ${2#https://hooks.example.org}" >&2;false`: "404 for ***",
		`echo "<${1#*Bearer }>" >&2; exit 1`:                      "<***>",
		`echo "${1%Uk}" "${2%q}-s" >&2; exit 1`:                   "*** ***-s",
		`echo "$1$2" >&2; exit 1`:                                 ": ***",
		`set -x; : "$2"; false`:                                   ": + false",
		`echo "$0" >&2; set -- "$2"; exec false`:                  ": ***", // its own name is an argument
		`printf '%s%2040s\n' "$2" x >&2; exit 1`:                  "",
	} {
		command := append([]string{"/bin/sh", file(t, script)}, arguments...) // a script that is an argument would be hidden, too
		pipe, err := json.Marshal(command)
		if err != nil {
			t.Fatal(err)
		}
		for _, to := range []To{{Command: command}, target(t, "pipe:"+string(pipe))} {
			err := Send(t.Context(), sample(), to)
			if err == nil || !strings.HasSuffix(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", script, err, want)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, secret := range []string{"Zq7w", "Kx93m", "3mPq", "hooks"} {
					if strings.Contains(e.Error(), secret) {
						t.Errorf("%s: %q is in %v", script, secret, e)
					}
				}
			}
		}
	}
}

// TestACommandThatHangsIsKilledWithItsChildren: by its limit, or when the
// context ends. A child that lived would hold the fifo open.
func TestACommandThatHangsIsKilledWithItsChildren(t *testing.T) {
	for _, test := range []struct {
		name  string
		limit time.Duration
		cause error
		want  string
	}{
		{"limit", time.Second, context.DeadlineExceeded, `command "/bin/sh": did not end within 1s: hung`},
		{"context", time.Hour, context.Canceled, `command "/bin/sh": context canceled`},
	} {
		t.Run(test.name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Skip("cannot make a pipe for the test: ", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			over := make(chan error, 1)
			go func() {
				f, err := os.Open(fifo) // returns when the child runs
				if test.cause == context.Canceled {
					cancel()
				}
				if err == nil {
					_, err = io.Copy(io.Discard, f)
					f.Close()
				}
				over <- err
			}()
			said := file(t, "hung\n")
			e := shell(`trap '' TERM INT HUP; cat "$2" >&2; sleep 1000 >"$1" & wait`, fifo, said).command(sample())
			e.limit = test.limit
			err := e.run(ctx)
			if !errors.Is(err, test.cause) || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if err := <-over; err != nil {
				t.Error(err)
			}
		})
	}
	to := shell("cat >/dev/null")
	to.Options.Timeout = 1 // for servers
	e := to.command(sample())
	if err := e.run(t.Context()); err != nil || e.limit != 30*time.Second {
		t.Errorf("a command has %v, want 30 s: %v", e.limit, err)
	}
}

// TestMailIsDelivered: into files, and once for the same notice where the
// target can tell.
func TestMailIsDelivered(t *testing.T) {
	for kind, where := range map[string]string{"maildir": "new/*", "eml": "*.eml", "mbox": ""} {
		place := filepath.Join(t.TempDir(), "mail")
		to := target(t, kind+":"+place)
		to.From = "jobs@example.org"
		for name, word := range hostile() {
			n := named(word)
			n.Run = int64(len(name))<<32 + int64(len(word))
			for range 2 {
				if err := Send(t.Context(), n, to); err != nil {
					t.Fatalf("%s, %s: %v", kind, name, err)
				}
			}
		}
		all := read(t, place, where)
		if kind == "mbox" {
			all = unpack(t, place)
		}
		if len(all) != len(hostile()) {
			t.Errorf("%s: %d messages, want %d", kind, len(all), len(hostile()))
		}
		for _, octets := range all {
			if l := check(t, octets); l.header.Get("From") != "popherd <jobs@example.org>" || !strings.HasPrefix(l.subject, "popherd: job") {
				t.Errorf("%s: from %s: %s", kind, l.header.Get("From"), l.subject)
			}
		}
	}
}

// unpack reads the messages of an mbox.
func unpack(t *testing.T, path string) (all [][]byte) {
	t.Helper()
	f, err := mbox.Open(path, mbox.RD)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Messages {
		r, err := f.Open(i)
		if err != nil {
			t.Fatal(err)
		}
		octets, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		all = append(all, octets)
	}
	return all
}

// post is a mail server that keeps what it is given.
type post struct {
	mu     sync.Mutex
	from   []string
	mail   map[string][]byte // by recipient
	refuse error             // of recipients
}

// startPost returns a server and its address.
func startPost(t *testing.T) (*post, string) {
	t.Helper()
	p := &post{mail: map[string][]byte{}}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &visit{post: p}, nil }))
	s.Domain = "localhost"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		<-done
	})
	return p, l.Addr().String()
}

// visit is one connection.
type visit struct {
	*post
	to []string
}

func (v *visit) Reset()        { v.to = nil }
func (v *visit) Logout() error { return nil }

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.post.from = append(v.post.from, from)
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = append(v.to, to)
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refuse
}

func (v *visit) Data(r io.Reader) error {
	octets, err := io.ReadAll(r)
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, to := range v.to {
		v.mail[to] = octets
	}
	return err
}

func TestMailBySMTP(t *testing.T) {
	p, address := startPost(t)
	const ann, bob = "ann@example.org", "bob@example.org"
	spec := "smtp://" + address + "/?rcpt=" + ann + "&rcpt=" + bob
	for query, want := range map[string]string{"": "popherd <popherd@attic>", "&from=jobs@example.org": "popherd <jobs@example.org>"} {
		for name, word := range hostile() {
			if err := Send(t.Context(), named(word), target(t, spec+query)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if len(p.mail) != 2 || !bytes.Equal(p.mail[ann], p.mail[bob]) {
				t.Fatalf("%s: %d have it", name, len(p.mail))
			}
			l := check(t, p.mail[ann])
			if to, _ := l.header.AddressList("To"); l.header.Get("From") != want || len(to) != 2 || to[0].Address != ann || to[1].Address != bob {
				t.Errorf("%s: from %s, to %v", name, l.header.Get("From"), to)
			}
			sender, _, _ := strings.Cut(strings.TrimPrefix(query, "&from="), "&")
			if got := p.from[len(p.from)-1]; got != sender {
				t.Errorf("%s: the sender is %q, want %q", name, got, sender)
			}
		}
	}
	p.refuse = &smtp.SMTPError{Code: 550, Message: "no such\x1b[31m user"}
	err := Send(t.Context(), sample(), target(t, spec))
	if err == nil || !strings.HasPrefix(err.Error(), `target "admins": commit: recipient ann@example.org: `) || strings.ContainsRune(err.Error(), '\x1b') {
		t.Errorf("got %v", err)
	}
}

// TestBothAreTried: and the error has both reasons.
func TestBothAreTried(t *testing.T) {
	dir := t.TempDir()
	good, bad := "maildir:"+filepath.Join(dir, "mail"), "mbox:"+filepath.Join(dir, "none\x1b", "at\u202e", "all")
	if err := os.WriteFile(filepath.Join(dir, "none\x1b"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		script, target string
		want           []string
	}{
		{"true", good, nil},
		{"exit 3", good, []string{`command "/bin/sh": exit status 3`}},
		{"true", bad, []string{`target "admins": open: `}},
		{"exit 3", bad, []string{`command "/bin/sh": exit status 3`, `target "admins": open: `}},
	} {
		to := target(t, test.target)
		to.Command = shell(`touch "$1/told"; `+test.script, dir).Command
		n := sample()
		n.Run = int64(len(test.script) + len(test.target))
		before := len(read(t, dir, "mail/new/*"))
		err := Send(t.Context(), n, to)
		if len(read(t, dir, "told")) != 1 || test.target == good && len(read(t, dir, "mail/new/*")) != before+1 {
			t.Errorf("%s, %s: not both were tried", test.script, test.target)
		}
		os.Remove(filepath.Join(dir, "told"))
		var got []string
		if err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		if len(got) != len(test.want) {
			t.Fatalf("%s, %s: got %q, want %q", test.script, test.target, got, test.want)
		}
		for i, want := range test.want {
			if !strings.HasPrefix(got[i], want) || strings.ContainsAny(got[i], "\x1b\u202e") {
				t.Errorf("got %q, want %q", got[i], want)
			}
		}
	}
	if err := Send(t.Context(), sample(), To{}); err != nil {
		t.Errorf("telling nobody: %v", err)
	}
}

// TestAContextThatHasEnded tells nobody, and says so.
func TestAContextThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	to := target(t, "maildir:"+filepath.Join(t.TempDir(), "mail"))
	to.Command = []string{"/bin/true"}
	err := Send(ctx, sample(), to)
	const want = "command \"/bin/true\": context canceled\ntarget \"admins\": context canceled"
	if !errors.Is(err, context.Canceled) || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
