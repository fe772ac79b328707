package delivertest

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"github.com/popherd/popherd/internal/atomicfile"
)

// A Fault is a way in which a file operation fails.
type Fault int

// The faults.
const (
	None  Fault = iota
	Once        // one operation fails with EIO, the others work
	Full        // one operation fails with ENOSPC, a write after half of it
	Crash       // the program is killed: from here on nothing happens any more
)

// ErrKilled is what every operation returns after a Crash.
var ErrKilled = errors.New("killed")

// Faults is an FS of which one operation fails.
type Faults struct {
	FS    atomicfile.FS
	Fault Fault
	At    int // which operation fails, counted from 1

	mu     sync.Mutex
	steps  int
	killed bool
	failed string
	open   map[*faulty]bool
}

// Steps returns how many operations there were.
func (f *Faults) Steps() int { return f.steps }

// Failed returns the operation that failed, such as "rename", or "".
func (f *Faults) Failed() string { return f.failed }

// Kill closes what a killed program has open, as the kernel does.
func (f *Faults) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.killed = true
	for file := range f.open {
		file.File.Close()
	}
	f.open = nil
}

// step counts an operation and says whether it fails.
func (f *Faults) step(op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps++
	if f.killed {
		return ErrKilled
	}
	if f.Fault == None || f.steps != f.At {
		return nil
	}
	f.failed = op
	switch f.Fault {
	case Crash:
		f.killed = true
		return ErrKilled
	case Full:
		return &fs.PathError{Op: op, Path: name, Err: syscall.ENOSPC}
	}
	return &fs.PathError{Op: op, Path: name, Err: syscall.EIO}
}

// OpenFile may fail.
func (f *Faults) OpenFile(name string, flag int, perm fs.FileMode) (atomicfile.File, error) {
	if err := f.step("open", name); err != nil {
		return nil, err
	}
	file, err := f.FS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.open = map[*faulty]bool{}
	}
	wrapped := &faulty{file, f, name}
	f.open[wrapped] = true
	return wrapped, nil
}

// Mkdir may fail.
func (f *Faults) Mkdir(name string, perm fs.FileMode) error {
	if err := f.step("mkdir", name); err != nil {
		return err
	}
	return f.FS.Mkdir(name, perm)
}

// Rename may fail.
func (f *Faults) Rename(from, to string) error {
	if err := f.step("rename", from); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Link may fail.
func (f *Faults) Link(from, to string) error {
	if err := f.step("link", from); err != nil {
		return err
	}
	return f.FS.Link(from, to)
}

// Remove may fail.
func (f *Faults) Remove(name string) error {
	if err := f.step("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

// Stat may fail.
func (f *Faults) Stat(name string) (os.FileInfo, error) {
	if err := f.step("stat", name); err != nil {
		return nil, err
	}
	return f.FS.Stat(name)
}

// Names may fail.
func (f *Faults) Names(dir string, each func([]string)) error {
	if err := f.step("names", dir); err != nil {
		return err
	}
	return f.FS.Names(dir, each)
}

// SyncDir may fail.
func (f *Faults) SyncDir(dir string) error {
	if err := f.step("syncdir", dir); err != nil {
		return err
	}
	return f.FS.SyncDir(dir)
}

// SyncsAll does not fail.
func (f *Faults) SyncsAll() bool { return f.FS.SyncsAll() }

// LockDir may fail, and so may the unlocking.
func (f *Faults) LockDir(dir string) (func() error, error) {
	if err := f.step("lockdir", dir); err != nil {
		return nil, err
	}
	unlock, err := f.FS.LockDir(dir)
	if err != nil {
		return nil, err
	}
	return func() error {
		return errors.Join(unlock(), f.step("unlockdir", dir))
	}, nil
}
