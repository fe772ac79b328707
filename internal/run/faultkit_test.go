package run

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/deliver/delivertest"
	"github.com/popherd/popherd/internal/maildir"
	"github.com/popherd/popherd/internal/mbox"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// manyLetters is how many messages a run with faults moves.
const manyLetters = 50

// moveAll is the rule file of these tests.
const moveAll = `return { name = "move", rule = rule.always(), deliver = "archive", delete = true }`

// faultDay is the clock of these tests at a first run.
var faultDay = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// letter is the nth message. With equal, all have the same size.
func letter(n int, equal bool) []byte {
	text := fmt.Sprintf("From: sender%02d@example.org\r\nSubject: letter %02d\r\n\r\n", n, n)
	switch {
	case equal:
		return []byte(text + "As long as all others.\r\n")
	case n == 7:
		text += strings.Repeat(strings.Repeat("A large letter. ", 100)+"\r\n", 45) // more than one write
	case n%5 == 1:
		text += "From the start\r\n>From here\r\n>>From there\r\n"
	case n%5 == 2:
		text += ".\r\n..\r\n.dots\r\n\r\n\r\n"
	case n%5 == 3:
		text += "caf\xe9 \xff \x00\r\n"
	}
	return []byte(text + strings.Repeat("x", n) + "\r\n")
}

// letters are the messages from up to below to.
func letters(from, to int, equal bool) (all [][]byte) {
	for n := from; n < to; n++ {
		all = append(all, letter(n, equal))
	}
	return all
}

// A task is all that one run is told; another process can be told it too.
type task struct {
	Addr   string // of the server
	Dir    string // with the state, the target and the backups
	Folder string // of Dir, with the target; "" is Dir itself
	Kind   deliver.Kind
	Backup bool
	Run    int    // counts the runs from 1, an hour each
	Rules  string // "" is moveAll
	Cap    string // "" is policy.NoLimit
}

func (k task) target() string { return filepath.Join(k.Dir, k.Folder, "archive") }

// options are those of the task's run, in which f fails. ids, unless nil, is
// what the run sees of unique-ids.
func (k task) options(f *faults, ids *renaming) (Options, error) {
	program, err := script.Compile("move.lua", []byte(orElse(k.Rules, moveAll)))
	if err != nil {
		return Options{}, err
	}
	most, err := policy.ParseCap(orElse(k.Cap, policy.NoLimit))
	if err != nil {
		return Options{}, err
	}
	target, err := deliver.Parse(string(k.Kind) + ":" + k.target())
	if err != nil {
		return Options{}, err
	}
	o := Options{
		Program: program,
		Policy:  policy.Policy{Delete: most},
		Files:   f,
		Targets: map[string]deliver.Spec{"archive": target},
		Account: func(ctx context.Context, _ string, _ func(pop3.TraceEvent)) (Opened, error) {
			client, err := k.login(ctx, f, ids)
			return Opened{Client: client, Name: "demo", Key: "mrose@pop.example.org", Host: "pop.example.org", Port: 110}, err
		},
		OpenState: func(ctx context.Context) (*state.Store, error) {
			store, err := state.Open(ctx, filepath.Join(k.Dir, "state"), state.Options{})
			f.opened(store)
			return store, err
		},
		Now: func() time.Time {
			f.tick()
			return faultDay.Add(time.Duration(k.Run) * time.Hour)
		},
	}
	if k.Backup {
		backup, err := deliver.Parse("eml:" + filepath.Join(k.Dir, "backup"))
		if err != nil {
			return Options{}, err
		}
		o.Backup = &backup
	}
	return o, nil
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func (k task) login(ctx context.Context, f *faults, ids *renaming) (*pop3.Client, error) {
	var conn net.Conn
	err := f.do("connect", k.Addr, nothing, func() (err error) {
		conn, err = net.Dial("tcp", k.Addr)
		return err
	})
	if err != nil {
		return nil, err
	}
	client, err := pop3.NewClient(ctx, &faultyConn{Conn: conn, lines: bufio.NewReader(conn), faults: f, ids: ids}, "pop.example.org", insecure())
	if err != nil {
		return nil, err
	}
	if err := client.Login(ctx, "mrose", "tanstaaf"); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// A world is a server with mail, and the folder of the runs that work on it.
type world struct {
	task
	t        testing.TB
	drop     *pop3server.Memory
	server   *pop3server.Server
	sessions crowd
	letters  [][]byte        // all that ever came
	taken    map[string]bool // by another client
	change   func(*Options)
	ids      *renaming
	close    func() // for those of whom there are many; else the test's end does it
}

// newWorld makes a maildrop of messages. It is closed when its test ends, or before.
func newWorld(t testing.TB, kind deliver.Kind, backup bool, messages [][]byte) *world {
	t.Helper()
	w := &world{t: t, drop: pop3server.NewMemory("mrose", "tanstaaf"), task: task{Dir: delivertest.TempDir(t), Kind: kind, Backup: backup}}
	w.add(messages)
	w.server = &pop3server.Server{InsecureAllowAuth: true, MaxBadCommands: -1, NewSession: func(c pop3server.Conn) (pop3server.Session, error) {
		session, err := w.drop.NewSession(c)
		w.sessions.add(1)
		return &counted{session, &w.sessions}, err
	}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.Addr = listener.Addr().String()
	served := make(chan struct{})
	go func() {
		defer close(served)
		w.server.Serve(listener)
	}()
	w.close = sync.OnceFunc(func() {
		listener.Close() // also where Serve does not have it yet
		w.server.Close()
		<-served
		os.RemoveAll(w.Dir) // is in memory, and there are many
	})
	t.Cleanup(w.close)
	return w
}

// counted is a session of which the test waits for the end.
type counted struct {
	pop3server.Session
	sessions *crowd
}

func (c *counted) Close() error {
	defer c.sessions.add(-1)
	return c.Session.Close()
}

// A crowd counts sessions. Unlike those of a WaitGroup, new ones may come while
// somebody waits.
type crowd struct {
	mu    sync.Mutex
	count int
	empty chan struct{} // closed when nobody is left; nil if nobody waits
}

func (c *crowd) add(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count += n
	if c.count == 0 && c.empty != nil {
		close(c.empty)
		c.empty = nil
	}
}

// wait returns when nobody is there.
func (c *crowd) wait() {
	c.mu.Lock()
	if c.count > 0 && c.empty == nil {
		c.empty = make(chan struct{})
	}
	empty := c.empty
	c.mu.Unlock()
	if empty != nil {
		<-empty
	}
}

// add brings messages.
func (w *world) add(messages [][]byte) {
	for _, m := range messages {
		w.drop.Add(m)
	}
	w.letters = append(w.letters, messages...)
}

// take is another client, which takes the first messages.
func (w *world) take(count int) {
	w.t.Helper()
	w.taken = map[string]bool{}
	client, err := w.login(context.Background(), &faults{}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for n, m := range w.drop.Messages()[:min(count, len(w.drop.Messages()))] {
		w.taken[string(m)] = true
		if _, err := client.Mark(context.Background(), n+1); err != nil {
			w.t.Fatal(err)
		}
	}
	if _, err := client.Quit(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	w.sessions.wait()
}

// run performs the next run, in which f fails, and returns once the server has
// done all that follows from it.
func (w *world) run(f *faults) (*Report, error) {
	w.t.Helper()
	w.task.Run++
	o, err := w.options(f, w.ids)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.change != nil {
		w.change(&o)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	report, err := Run(ctx, o)
	w.sessions.wait()
	return report, err
}

// A tally is where the messages are.
type tally struct {
	left   int // on the server
	lost   int // neither there nor whole in the target
	twice  int // copies in the target beyond the first
	other  int // messages in the target that never came, or are not whole
	copies int // backups
}

// count looks where everything is.
func (w *world) count() (t tally) {
	w.t.Helper()
	left, there, backups := map[string]int{}, map[string]int{}, map[string]int{}
	for _, m := range w.drop.Messages() {
		left[string(m)]++
		t.left++
	}
	for _, m := range stored(w.t, w.Kind, w.target()) {
		there[string(m)]++
		t.other++
	}
	if w.Backup {
		for _, m := range w.backups() {
			backups[string(m)]++
		}
	}
	for _, m := range w.letters {
		n := there[string(m)]
		t.other -= n
		if n == 0 && left[string(m)] == 0 && !w.taken[string(m)] {
			t.lost++
		}
		t.twice += max(0, n-1)
		t.copies += backups[string(m)]
	}
	return t
}

// backups are the copies that were made before deleting.
func (w *world) backups() [][]byte { return stored(w.t, deliver.EML, filepath.Join(w.Dir, "backup")) }

// stored are the messages of a target, as a reader sees them.
func stored(t testing.TB, kind deliver.Kind, path string) (all [][]byte) {
	t.Helper()
	add := func(r io.ReadCloser, err error) {
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		octets, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, octets)
	}
	switch kind {
	case deliver.Maildir:
		list, err := maildir.List(path)
		if err != nil {
			return nil // not made, or half
		}
		for _, m := range list {
			add(maildir.Open(path, m))
		}
	case deliver.Mbox:
		file, err := mbox.Open(path, mbox.RD)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range file.Messages {
			add(file.Open(i))
		}
	default:
		paths, err := filepath.Glob(filepath.Join(path, "[^.]*.eml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			add(os.Open(path))
		}
	}
	return all
}

// A renaming is what clients see instead of the server's unique-ids.
type renaming struct {
	refuse bool // UIDL is an unknown command
	id     func(n int) string
}

var uniqueID = regexp.MustCompile(`memory\.(\d+)`)

// reply is a line of the server's as the client sees it.
func (r *renaming) reply(line []byte) []byte {
	if r == nil || r.id == nil {
		return line
	}
	return uniqueID.ReplaceAllFunc(line, func(id []byte) []byte {
		var n int
		fmt.Sscanf(string(id), "memory.%d", &n)
		return []byte(r.id(n))
	})
}

// command is a line of the client's as the server sees it.
func (r *renaming) command(line []byte) []byte {
	if r == nil || !r.refuse {
		return line
	}
	return bytes.Replace(line, []byte("UIDL"), []byte("XUID"), 1)
}
