package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/login/logintest"
	"github.com/popherd/popherd/internal/run"
)

// A desk is a configuration, and popherd over it, without a terminal.
type desk struct {
	t   *testing.T
	dir string
	out string // of the last command, on both streams
}

// newDesk writes config.toml and passwords of accounts.
func newDesk(t *testing.T, text string, passwords ...string) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir()}
	d.has("config.toml", text)
	for i := 0; i+1 < len(passwords); i += 2 {
		d.has("secrets/"+passwords[i], passwords[i+1]+"\n")
	}
	return d
}

// has writes a file and returns its path.
func (d *desk) has(name, text string) string {
	d.t.Helper()
	path := filepath.Join(d.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// runs returns the exit status.
func (d *desk) runs(ctx context.Context, args ...string) int {
	var out bytes.Buffer
	status := Main(ctx, Env{
		Args: append([]string{"-c", filepath.Join(d.dir, "config.toml")}, args...), Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Keyring: noKeyringHere{},
		Getenv: func(name string) string { return map[string]string{"HOME": d.dir}[name] },
	})
	d.out = strings.ReplaceAll(out.String(), d.dir, "DIR")
	return status
}

// ends runs popherd, and checks its exit status and what it said.
func (d *desk) ends(status int, says []string, args ...string) {
	d.t.Helper()
	got := d.runs(d.t.Context(), args...)
	for _, text := range says {
		if !strings.Contains(d.out, text) {
			d.t.Errorf("%v: it does not say %q", args, text)
		}
	}
	if got != status || d.t.Failed() {
		d.t.Errorf("%v: got status %d, want %d, and\n%s", args, got, status, d.out)
	}
}

// What is wrong with an account has its exit status, and is said with the
// account's name and what to do, whichever command meets it.
func TestAccountFaults(t *testing.T) {
	s := annas(t, logintest.Options{})
	d := newDesk(t,
		reaches(t, "wrong", s.TLSAddr(), s.CAFile)+reaches(t, "none", s.TLSAddr(), s.CAFile)+reaches(t, "lost", s.TLSAddr(), "no.pem")+
			"[accounts.dead]\nuser = \"anna\"\nhost = \"127.0.0.1\"\nport = 9\npassword = \"x\"\n",
		"wrong", "letmein", "lost", password)
	rules := d.has("rules.lua", `return { name = "old", rule = rule.age("> 30d"), delete = true }`)
	script := d.has("script.lua", `pop3.account("wrong")`)
	refused := []string{"account wrong: ", "[AUTH]", "see whether user and password are right; some providers want an app password"}
	d.ends(exitRefused, refused, "ls", "-a", "wrong")
	d.ends(exitRefused, refused, "run", rules, "-a", "wrong")
	d.ends(exitRefused, refused, "run", script)
	nowhere := []string{"account none: no password: looked in environment POPHERD_PASSWORD_NONE, keyring", "file \"DIR/secrets/none\"", "hint: popherd accounts set-password none"}
	d.ends(exitRefused, nowhere, "ls", "-a", "none")
	d.ends(exitRefused, nowhere, "run", rules, "-a", "none")
	d.ends(exitOK, []string{"is kept nowhere", "looked in environment POPHERD_PASSWORD_NONE", "-> popherd accounts set-password none"}, "doctor", "none")
	missing := []string{"account lost: ca_file DIR/no.pem: no such file or directory", "hint: see whether the path is right"}
	d.ends(exitNoInput, missing, "ls", "-a", "lost")
	d.ends(exitNoInput, missing, "run", rules, "-a", "lost")
	dead := []string{"account dead: 127.0.0.1:9: connection refused\n", "hint: see whether host, port and tls are right"}
	d.ends(exitUnavailable, dead, "ls", "-a", "dead")
	d.ends(exitUnavailable, dead, "accounts", "serverinfo", "dead")
}

// A password that is to be kept must come from somewhere.
func TestSetPasswordWithoutOne(t *testing.T) {
	d := newDesk(t, "[accounts.work]\nuser = \"anna\"\nhost = \"127.0.0.1\"\n")
	d.ends(exitUsage, []string{"terminal: there is none to ask for a password on", "hint: run it on a terminal, or give the password with --password-stdin"}, "accounts", "set-password", "work", "--file")
	d.ends(exitNoInput, []string{"standard input: it has no password"}, "accounts", "set-password", "work", "--file", "--password-stdin")
}

// Logins are shown in the order of the configuration, one below the other.
func TestAccountsTestInOrder(t *testing.T) {
	s := annas(t, logintest.Options{})
	d := newDesk(t, reaches(t, "first", s.TLSAddr(), s.CAFile)+
		"[accounts.dead]\nuser = \"anna\"\nhost = \"127.0.0.1\"\nport = 9\npassword = \"x\"\n"+
		reaches(t, "third-one", s.TLSAddr(), s.CAFile), "first", password, "third-one", password)
	d.ends(exitSomeFailed, nil, "accounts", "test")
	want := `ok      first          2 messages          88 octets  TLS 1.3  scram-sha-256-plus
failed  dead       127.0.0.1:9: connection refused
                   see whether host, port and tls are right, and whether something on the way blocks the port
ok      third-one      2 messages          88 octets  TLS 1.3  scram-sha-256-plus
popherd: 1 of 3 accounts failed; the others are done
`
	if d.out != want {
		t.Errorf("got\n%swant\n%s", d.out, want)
	}
	d.ends(exitOK, []string{"127.0.0.1:" + at(t, s.TLSAddr())}, "accounts", "serverinfo", "first")
}

// hung takes connections and never answers, and tells of each.
func hung(t *testing.T) (address string, came <-chan net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conns := make(chan net.Conn, 8)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { conn.Close() })
			conns <- conn
		}
	}()
	return l.Addr().String(), conns
}

// An interruption of several accounts is no failure of theirs.
func TestInterruptedAccounts(t *testing.T) {
	s := annas(t, logintest.Options{})
	address, came := hung(t)
	d := newDesk(t, reaches(t, "well", s.TLSAddr(), s.CAFile)+reaches(t, "one", address, s.CAFile)+
		strings.Replace(reaches(t, "two", address, s.CAFile), "anna@", "bert@", 1), "well", password, "one", password, "two", password)
	rules := d.has("rules.lua", `return { name = "old", rule = rule.age("> 30d"), delete = true }`)
	for _, args := range [][]string{{"accounts", "test", "one", "two"}, {"run", rules, "-a", "one", "-a", "two"}, {"accounts", "test", "one"}} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for _, arg := range args {
				if arg == "one" || arg == "two" {
					<-came
				}
			}
			cancel()
		}()
		if status := d.runs(ctx, args...); status != exitInterrupted || !strings.Contains(d.out, "popherd: interrupted") || strings.Contains(d.out, "accounts failed") {
			t.Errorf("%v: got status %d and\n%s", args, status, d.out)
		}
	}
}

// silence is nobody's standard output.
type silence struct{ io.Writer }

func (silence) Flush() error { return nil }

// Accounts that are the same maildrop run one after the other; the others do not
// wait for them.
func TestTwinsRunOneByOne(t *testing.T) {
	a := config.Account{Name: "a", User: "anna", Host: "pop.example.org", Port: 995}
	b, again := a, a
	b.User, again.Host = "bert", "POP.example.org"
	accounts := []config.Account{a, b, again}
	if got := []int{twin(accounts, 0), twin(accounts, 1), twin(accounts, 2)}; !slices.Equal(got, []int{-1, -1, 0}) {
		t.Errorf("got the twins %v", got)
	}
	started := make(chan string, 3)
	release := make(chan struct{})
	s := &several{noun: "account", limit: 3}
	var order []string
	for i, name := range []string{"a", "b", "again"} {
		s.lanes = append(s.lanes, lane{name: name, twin: twin(accounts, i), perform: func(context.Context, outside) (*run.Report, error) {
			started <- name
			if name == "a" {
				<-release
			}
			return &run.Report{}, nil
		}})
	}
	ended := make(chan error, 1)
	go func() {
		_, err := newShell(Env{Stdout: io.Discard, Stderr: io.Discard, Getenv: func(string) string { return "" }}).runSeveral(t.Context(), s, "x", outside{stdout: silence{io.Discard}, talk: io.Discard, progress: func(string, int, int) {}})
		ended <- err
	}()
	order = append(order, <-started, <-started)
	slices.Sort(order)
	close(release)
	order = append(order, <-started)
	if err := <-ended; err != nil || !slices.Equal(order, []string{"a", "b", "again"}) {
		t.Errorf("got %v, and error %v", order, err)
	}
}

// What of several was done when they were interrupted is said.
func TestSeveralError(t *testing.T) {
	err := error(&severalError{noun: "account", failed: 2, all: 5, status: exitInterrupted, interrupted: true})
	if got := fmt.Sprint(err); got != "interrupted; 3 of 5 accounts are done" || exitStatus(fmt.Errorf("run: %w", err)) != exitInterrupted {
		t.Errorf("got %s", got)
	}
}

// slip is an error that says that the command line is wrong, under a kind that
// scripts know.
type slip struct{}

func (slip) Error() string { return "deliver: there is no target" }
func (slip) Kind() string  { return "policy" }
func (slip) Usage() bool   { return true }

// What a rule file names and the command line does not is a wrong command line.
func TestSlipIsAWrongCommandLine(t *testing.T) {
	if got := exitStatus(fmt.Errorf("rules.lua: %w", slip{})); got != exitUsage {
		t.Errorf("got status %d, want %d", got, exitUsage)
	}
}
