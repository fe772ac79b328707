package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/popherd/popherd/internal/discover"
	"github.com/popherd/popherd/internal/secret"
)

// patience ends a test that hangs.
const patience = 60 * time.Second

// A person sits at a terminal, reads what is written there, and types.
type person struct {
	t         *testing.T
	keys      *os.File // what is typed goes here
	tty       *os.File
	home      string
	environ   map[string]string
	find      func(ctx context.Context, address string) ([]discover.Candidate, error)
	keyring   secret.Keyring
	interrupt context.CancelFunc
	done      chan int // the exit status

	mu      sync.Mutex
	seen    bytes.Buffer
	read    int // how much of it
	changed chan struct{}
}

// sit has a person sit down at a terminal of 100 columns.
func sit(t *testing.T) *person {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	if err := pty.Setsize(keys, &pty.Winsize{Rows: 40, Cols: 100}); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	p := &person{
		t: t, keys: keys, tty: tty, home: home, done: make(chan int, 1), changed: make(chan struct{}),
		environ: map[string]string{"HOME": home, "TERM": "dumb", "DBUS_SESSION_BUS_ADDRESS": "unix:path=" + filepath.Join(home, "no-bus")},
		find: func(context.Context, string) ([]discover.Candidate, error) {
			return nil, errors.New("nobody is to be asked")
		},
		keyring: noKeyringHere{},
	}
	go io.Copy(p, keys)
	t.Cleanup(func() {
		tty.Close()
		keys.Close()
	})
	return p
}

// Write is what appears on the terminal.
func (p *person) Write(octets []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.changed)
	p.changed = make(chan struct{})
	return p.seen.Write(octets)
}

// starts runs popherd in this process, with what p has for keyring and DNS.
func (p *person) starts(args ...string) {
	ctx, cancel := context.WithCancel(context.Background())
	p.t.Cleanup(cancel)
	p.interrupt = cancel
	sh := newShell(Env{
		Stdin: p.tty, Stdout: p.tty, Stderr: p.tty, Executable: "popherd", Keyring: p.keyring,
		Getenv: func(name string) string { return p.environ[name] },
	})
	go func() {
		root := sh.root()
		for _, cmd := range root.Commands() {
			if slices.Contains([]string{"init", "doctor"}, cmd.Name()) {
				root.RemoveCommand(cmd)
			}
		}
		root.AddCommand((&setup{sh: sh, find: p.find}).command(), sh.doctorCommand())
		root.SetArgs(args)
		err := root.ExecuteContext(ctx)
		if err != nil {
			sh.complain(err)
		}
		p.done <- exitStatus(err)
	}()
}

// launches runs popherd as a program of its own, whose terminal this is.
func (p *person) launches(args ...string) {
	p.t.Helper()
	program, err := exec.LookPath("popherd")
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.tty, p.tty, p.tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	cmd.Env = []string{"GORACE=atexit_sleep_ms=0", "TZ=UTC"}
	for name, value := range p.environ {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = cmd.Process.Kill() })
	go func() {
		_ = cmd.Wait()
		p.done <- cmd.ProcessState.ExitCode()
	}()
}

// reads waits for a text after what was read before.
func (p *person) reads(text string) {
	p.t.Helper()
	hung := time.After(patience)
	over := false
	for {
		p.mu.Lock()
		at := bytes.Index(p.seen.Bytes()[p.read:], []byte(text))
		if at >= 0 {
			p.read += at + len(text)
		}
		changed := p.changed
		p.mu.Unlock()
		if at >= 0 {
			return
		}
		if over {
			p.t.Fatalf("popherd ended before it wrote %q:\n%s", text, p.transcript())
		}
		select {
		case <-changed:
		case status := <-p.done:
			p.done <- status
			p.drain()
			over = true
		case <-hung:
			p.t.Fatalf("no %q after %v, but:\n%s", text, patience, p.transcript())
		}
	}
}

// answers reads a question, and types an answer.
func (p *person) answers(question, answer string) {
	p.t.Helper()
	p.reads(question)
	p.types(answer + "\n")
}

func (p *person) types(keys string) {
	p.t.Helper()
	if _, err := p.keys.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// ends waits until popherd has ended.
func (p *person) ends(want int) {
	p.t.Helper()
	select {
	case got := <-p.done:
		if got != want {
			p.t.Errorf("got exit status %d, want %d:\n%s", got, want, p.transcript())
		}
	case <-time.After(patience):
		p.t.Fatalf("popherd did not end after %v:\n%s", patience, p.transcript())
	}
	p.drain()
}

// drain returns when all that popherd, which has ended, wrote was seen: when a
// mark was that comes after it.
func (p *person) drain() {
	p.t.Helper()
	mark := []byte("\x00end\x00")
	if _, err := p.tty.Write(mark); err != nil {
		p.t.Fatal(err)
	}
	hung := time.After(patience)
	for {
		p.mu.Lock()
		changed, at := p.changed, bytes.Index(p.seen.Bytes(), mark)
		if at >= 0 {
			p.seen.Truncate(at)
		}
		p.mu.Unlock()
		if at >= 0 {
			return
		}
		select {
		case <-changed:
		case <-hung:
			p.t.Fatal("the terminal hangs")
		}
	}
}

// transcript is all that has appeared.
func (p *person) transcript() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.ReplaceAll(p.seen.String(), "\r\n", "\n")
}

// changing is what differs from one test run to the next.
var changing = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`\b(127\.0\.0\.1|localhost)(:|, port )\d+`), "$1${2}PORT"},
	{regexp.MustCompile(`read: connection reset|: read tcp .*`), ": CUT"},
	{regexp.MustCompile(`\b(on|until|and here it is) \d{4}-\d\d-\d\d\b`), "$1 DATE"},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d \w+ \(UTC[^)]*\)`), "DATE TIME ZONE"},
	{regexp.MustCompile(`valid for \d+ days`), "valid for N days"},
	{regexp.MustCompile(`\d+ [MG]B free`), "N GB free"},
	{regexp.MustCompile(`\d+ kB, sound`), "N kB, sound"},
	{regexp.MustCompile(`popherd \S+ \S+/\S+ go\S+.*`), "popherd VERSION"},
	{regexp.MustCompile(`no keyring can be used.*`), "no keyring can be used"},
	{regexp.MustCompile(`TLS 1\.3, TLS_\w+`), "TLS 1.3, CIPHER"},
}

// golden compares a transcript with testdata/terminal/NAME.golden, which UPDATE
// in the environment rewrites.
func (p *person) golden(name string, hidden ...string) {
	p.t.Helper()
	got := strings.ReplaceAll(p.transcript(), p.home, "HOME")
	for i := 0; i+1 < len(hidden); i += 2 {
		got = strings.ReplaceAll(got, hidden[i], hidden[i+1])
	}
	for _, c := range changing {
		got = c.pattern.ReplaceAllString(got, c.with)
	}
	path := filepath.Join("testdata", "terminal", name+".golden")
	if os.Getenv("UPDATE") != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			p.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			p.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		p.t.Fatal(err)
	}
	if got != string(want) {
		p.t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// configuration is the file that popherd wrote, "" for none.
func (p *person) configuration() string {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.home, ".config", "popherd", "config.toml"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	return string(text)
}

// nothing checks that all is as it was: popherd has left no file.
func (p *person) nothing() {
	p.t.Helper()
	err := filepath.WalkDir(p.home, func(path string, entry os.DirEntry, err error) error {
		if err == nil && path != p.home {
			p.t.Errorf("%s was left behind", path)
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
}
