package run

import (
	"bufio"
	"bytes"
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/state"
)

// faults counts what a run does to the outside, and lets one of it fail, or
// kills the process there. The zero value fails nothing. It is the run's FS.
//
// Counted are the file operations of targets, connects, each line sent and each
// line received, and each look at the clock, which comes right before each step
// of the journal: there the state is closed, so that all its steps fail from
// then on.
type faults struct {
	at   int    // which operation fails, from 1; 0 is none
	sort string // or the first one of a sort
	late bool   // it fails when it is done, or half of a write or of a line is
	kill func() // instead of failing; it does not return

	mu     sync.Mutex
	ops    []string // so far
	failed string   // the operation that failed
	store  *state.Store
}

// hit counts an operation, and reports whether it is to fail.
func (f *faults) hit(op string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ops = append(f.ops, op)
	if len(f.ops) != f.at && (f.sort != op || f.failed != "") {
		return false
	}
	f.failed = op
	return true
}

func nothing() error { return nil }

// do performs an operation, or a part of it and fails.
func (f *faults) do(op, name string, part, whole func() error) error {
	if !f.hit(op) {
		return whole()
	}
	err := syscall.EIO
	if f.late {
		_ = part()
		err = syscall.ENOSPC
	}
	if f.kill != nil {
		f.kill()
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// opened is told of the state.
func (f *faults) opened(store *state.Store) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.store = store
}

// tick is a look at the clock.
func (f *faults) tick() {
	if !f.hit("clock") {
		return
	}
	if f.kill != nil {
		f.kill()
	}
	if f.store != nil {
		f.store.Close()
	}
}

// OpenFile may fail.
func (f *faults) OpenFile(name string, flag int, perm fs.FileMode) (file atomicfile.File, err error) {
	open := func() error {
		opened, err := atomicfile.OS{}.OpenFile(name, flag, perm)
		file = &faultyFile{opened, f, name}
		return err
	}
	part := func() error {
		if err := open(); err != nil {
			return err
		}
		return file.(*faultyFile).File.Close()
	}
	if err := f.do("open", name, part, open); err != nil {
		return nil, err
	}
	return file, nil
}

// Mkdir may fail.
func (f *faults) Mkdir(name string, perm fs.FileMode) error {
	whole := func() error { return atomicfile.OS{}.Mkdir(name, perm) }
	return f.do("mkdir", name, whole, whole)
}

// Rename may fail.
func (f *faults) Rename(from, to string) error {
	whole := func() error { return atomicfile.OS{}.Rename(from, to) }
	return f.do("rename", from, whole, whole)
}

// Link may fail.
func (f *faults) Link(from, to string) error {
	whole := func() error { return atomicfile.OS{}.Link(from, to) }
	return f.do("link", from, whole, whole)
}

// Remove may fail.
func (f *faults) Remove(name string) error {
	whole := func() error { return atomicfile.OS{}.Remove(name) }
	return f.do("remove", name, whole, whole)
}

// Stat may fail.
func (f *faults) Stat(name string) (info fs.FileInfo, err error) {
	err = f.do("stat", name, nothing, func() error {
		info, err = atomicfile.OS{}.Stat(name)
		return err
	})
	return info, err
}

// Names may fail.
func (f *faults) Names(dir string, each func([]string)) error {
	whole := func() error { return atomicfile.OS{}.Names(dir, each) }
	return f.do("names", dir, whole, whole)
}

// SyncDir may fail.
func (f *faults) SyncDir(dir string) error {
	whole := func() error { return atomicfile.OS{}.SyncDir(dir) }
	return f.do("syncdir", dir, whole, whole)
}

// SyncsAll does not fail.
func (f *faults) SyncsAll() bool { return atomicfile.OS{}.SyncsAll() }

// LockDir may fail.
func (f *faults) LockDir(dir string) (unlock func() error, err error) {
	err = f.do("lockdir", dir, nothing, func() error {
		unlock, err = atomicfile.OS{}.LockDir(dir)
		return err
	})
	return unlock, err
}

// faultyFile is a file of faults.
type faultyFile struct {
	atomicfile.File
	faults *faults
	name   string
}

// move reads or writes; a fault that comes late has moved a half.
func (f *faultyFile) move(op string, p []byte, move func([]byte) (int, error)) (n int, err error) {
	part := func() (err error) { n, err = move(p[:len(p)/2]); return err }
	whole := func() (err error) { n, err = move(p); return err }
	err = f.faults.do(op, f.name, part, whole)
	return n, err
}

func (f *faultyFile) Read(p []byte) (int, error) { return f.move("read", p, f.File.Read) }

func (f *faultyFile) ReadAt(p []byte, offset int64) (int, error) {
	return f.move("read", p, func(p []byte) (int, error) { return f.File.ReadAt(p, offset) })
}

func (f *faultyFile) Write(p []byte) (int, error) { return f.move("write", p, f.File.Write) }

func (f *faultyFile) WriteAt(p []byte, offset int64) (int, error) {
	return f.move("write", p, func(p []byte) (int, error) { return f.File.WriteAt(p, offset) })
}

func (f *faultyFile) Stat() (info os.FileInfo, err error) {
	err = f.faults.do("stat", f.name, nothing, func() error {
		info, err = f.File.Stat()
		return err
	})
	return info, err
}

func (f *faultyFile) Truncate(size int64) error {
	whole := func() error { return f.File.Truncate(size) }
	return f.faults.do("truncate", f.name, whole, whole)
}

func (f *faultyFile) Sync() error { return f.faults.do("fsync", f.name, f.File.Sync, f.File.Sync) }
func (f *faultyFile) Lock() error { return f.faults.do("lock", f.name, nothing, f.File.Lock) }
func (f *faultyFile) Unlock() error {
	return f.faults.do("unlock", f.name, f.File.Unlock, f.File.Unlock)
}

func (f *faultyFile) SyncAll() error {
	return f.faults.do("syncfs", f.name, f.File.SyncAll, f.File.SyncAll)
}

// Close closes the file also when it fails, as the kernel does.
func (f *faultyFile) Close() error {
	var closed error
	part := func() error { closed = f.File.Close(); return closed }
	if err := f.faults.do("close", f.name, part, part); err != nil && !f.faults.late {
		return errors.Join(err, f.File.Close())
	} else if err != nil {
		return err
	}
	return closed
}

// A faultyConn is the client's side of a connection.
type faultyConn struct {
	net.Conn
	lines  *bufio.Reader
	faults *faults
	ids    *renaming

	mu   sync.Mutex // for Write; the pipeline has a reader of its own
	rest []byte     // of a line that was read
	lost error
}

// lose ends the connection, as a broken network does.
func (c *faultyConn) lose(op string) error {
	if c.faults.kill != nil {
		c.faults.kill()
	}
	c.Conn.Close()
	return &net.OpError{Op: op, Net: "tcp", Err: syscall.ECONNRESET}
}

// Write sends line by line. A line that fails is sent in part, which a server
// must not take for a command, or late: whole.
func (c *faultyConn) Write(p []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for line := range bytes.Lines(p) {
		verb, _, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		failed := c.faults.hit("send " + verb)
		if failed && !c.faults.late {
			c.Conn.Write(line[:len(line)/2])
			return n, c.lose("write")
		}
		if _, err := c.Conn.Write(c.ids.command(line)); err != nil {
			return n, err
		}
		if failed {
			return n, c.lose("write")
		}
		n += len(line)
	}
	return n, nil
}

// Read receives line by line. A line that fails is lost, or late: half of it.
func (c *faultyConn) Read(p []byte) (n int, err error) {
	if len(c.rest) == 0 && c.lost != nil {
		return 0, c.lost
	}
	if len(c.rest) == 0 {
		line, err := c.lines.ReadBytes('\n')
		if len(line) == 0 {
			return 0, err
		}
		c.rest = c.ids.reply(line)
		if c.faults.hit("receive") {
			c.lost = c.lose("read")
			if !c.faults.late {
				return 0, c.lost
			}
			c.rest = c.rest[:len(c.rest)/2]
			return c.Read(p)
		}
	}
	n = copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}
