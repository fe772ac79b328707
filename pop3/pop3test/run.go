package pop3test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"path"
	"strings"
	"sync"
	"testing"
	"time"
)

// Run runs f as a sub-test for every dialogue in the files that match glob
// (see fs.Glob). A pattern without a match, and a file with a fault, fail t.
func Run(t *testing.T, files fs.FS, glob string, f func(t *testing.T, d *Dialogue)) {
	t.Helper()
	names, err := fs.Glob(files, glob)
	if err != nil || len(names) == 0 {
		t.Fatalf("pop3test: no dialogues match %q (%v)", glob, err)
	}
	for _, name := range names {
		script, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatalf("pop3test: %v", err)
		}
		dialogues, err := Parse(name, string(script))
		if err != nil {
			t.Fatalf("pop3test: %v", err)
		}
		t.Run(strings.TrimSuffix(path.Base(name), path.Ext(name)), func(t *testing.T) {
			for _, d := range dialogues {
				t.Run(d.Name, func(t *testing.T) { f(t, d) })
			}
		})
	}
}

// New parses a script of one dialogue.
func New(t testing.TB, script string) *Dialogue {
	t.Helper()
	dialogues, err := Parse(t.Name(), script)
	if err != nil {
		t.Fatalf("pop3test: %v", err)
	}
	if len(dialogues) != 1 {
		t.Fatalf("pop3test: the script has %d dialogues, want 1", len(dialogues))
	}
	return dialogues[0]
}

// Play starts a script of one dialogue and returns the client's end of its
// connection. See Start.
func Play(t testing.TB, script string) net.Conn {
	t.Helper()
	return New(t, script).Start(t)
}

// Start plays the dialogue on a connection in memory, and returns the client's
// end. When the test ends the connection is closed, and a departure is an
// error of t: a dialogue must be played to its end.
func (d *Dialogue) Start(t testing.TB) net.Conn {
	t.Helper()
	d.CA(t)
	client, server := newPipe()
	d.start(t, server, func() { client.Close() })
	return client
}

// start plays on conn until the test ends, and then calls hangUp.
func (d *Dialogue) start(t testing.TB, conn net.Conn, hangUp func()) {
	done := make(chan error, 1)
	go func() { done <- d.Play(conn) }()
	t.Cleanup(func() {
		hangUp()
		if err := <-done; err != nil {
			t.Errorf("dialogue %q: %v", d.Name, err)
		}
	})
}

// A Dialer connects a client to a dialogue, once. It has the DialContext method
// of *net.Dialer.
type Dialer struct {
	t    testing.TB
	mu   sync.Mutex
	d    *Dialogue // nil once dialled
	addr string
}

// Dialer returns a dialer whose one connection plays the dialogue as Start
// does. A test in which nothing was dialled fails, and so does one in which a
// client dials twice.
func (d *Dialogue) Dialer(t testing.TB) *Dialer {
	t.Helper()
	d.CA(t)
	dialer := &Dialer{t: t, d: d}
	t.Cleanup(func() {
		if dialer.d != nil {
			t.Errorf("dialogue %q: nobody dialled", d.Name)
		}
	})
	return dialer
}

// DialContext returns the client's end of the dialogue's connection, whatever
// the address, which Addr tells.
func (d *Dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.d == nil {
		d.t.Errorf("a second connection, to %s", addr)
		return nil, errors.New("pop3test: the dialogue has one connection only")
	}
	dialogue := d.d
	d.d, d.addr = nil, addr
	return dialogue.Start(d.t), ctx.Err()
}

// Addr returns the address that was dialled, empty before.
func (d *Dialer) Addr() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addr
}

// Listen plays the dialogue, as Start does, to the first client that connects
// to the address it returns, a port of 127.0.0.1. A second connection is an
// error of t. The client must have closed its connection when the test ends.
func (d *Dialogue) Listen(t testing.TB) (addr string) {
	t.Helper()
	d.CA(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("pop3test: %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.serve(t, listener)
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
	})
	return listener.Addr().String()
}

// serve plays to the first connection, and refuses others, until the listener
// is closed.
func (d *Dialogue) serve(t testing.TB, listener net.Listener) {
	conn, err := listener.Accept()
	if err != nil {
		t.Errorf("dialogue %q: nobody connected", d.Name)
		return
	}
	played := make(chan struct{})
	go func() {
		defer close(played)
		if err := d.Play(conn); err != nil {
			t.Errorf("dialogue %q: %v", d.Name, err)
		}
	}()
	for {
		second, err := listener.Accept()
		if err != nil {
			break
		}
		t.Errorf("dialogue %q: a second connection", d.Name)
		second.Close()
	}
	select {
	case <-played:
	case <-time.After(10 * time.Second): // the client left its connection open
		conn.Close()
		<-played
	}
}
