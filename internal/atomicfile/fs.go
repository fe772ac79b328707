// Package atomicfile puts files in place whole and so that they last: written
// under another name in the same folder, synced, renamed, and the folder
// synced. The file operations that this takes are an interface, so that tests
// can let each of them fail.
package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

// ErrLocked is returned where another program, or another descriptor of this
// one, holds the lock.
var ErrLocked = errors.New("locked by another program")

// A File is an open file, as *os.File is one.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Closer
	// Stat describes the file.
	Stat() (fs.FileInfo, error)
	// Truncate sets the size, in octets. The position does not change.
	Truncate(size int64) error
	// Sync returns when the content lasts.
	Sync() error
	// SyncAll returns when everything written to this file's file system
	// lasts, or says that something written since the file was opened does
	// not. Only where FS.SyncsAll.
	SyncAll() error
	// Lock locks the file against other programs. It does not wait:
	// ErrLocked. On Windows it does nothing.
	Lock() error
	// Unlock ends Lock, as Close does.
	Unlock() error
}

// An FS has the operations on names, as package os has them.
type FS interface {
	// OpenFile opens a file.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Mkdir makes one folder.
	Mkdir(name string, perm fs.FileMode) error
	// Rename puts a file in the place of another, or where none is.
	Rename(from, to string) error
	// Link gives a file a second name, where none is.
	Link(from, to string) error
	// Remove removes a file.
	Remove(name string) error
	// Stat describes a file, or what a link points to.
	Stat(name string) (fs.FileInfo, error)
	// Names calls f with the names in a folder, some at a time.
	Names(dir string, f func(names []string)) error
	// SyncDir returns when the names in a folder last.
	SyncDir(dir string) error
	// SyncsAll reports whether there is a File.SyncAll whose answer can be
	// relied upon: on Linux since 5.8.
	SyncsAll() bool
	// LockDir locks a folder against others who lock it. It does not wait:
	// ErrLocked. Where folders cannot be locked (Windows, some network file
	// systems) it does nothing.
	LockDir(dir string) (unlock func() error, err error)
}

// OS is the FS of the operating system.
type OS struct{}

// OpenFile opens a file, not passed on to other programs.
func (OS) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err // no File that holds a nil *os.File
	}
	return file{f}, nil
}

// Mkdir makes one folder.
func (OS) Mkdir(name string, perm fs.FileMode) error { return os.Mkdir(name, perm) }

// Rename puts a file in the place of another, or where none is.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Link gives a file a second name, where none is.
func (OS) Link(from, to string) error { return os.Link(from, to) }

// Remove removes a file.
func (OS) Remove(name string) error { return os.Remove(name) }

// Stat describes a file, or what a link points to.
func (OS) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

// namesAtOnce bounds the memory for a folder of a hundred thousand messages.
const namesAtOnce = 1024

// Names calls f with the names in a folder, some at a time.
func (OS) Names(dir string, f func(names []string)) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		names, err := d.Readdirnames(namesAtOnce)
		if len(names) > 0 {
			f(names)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// SyncDir returns when the names in a folder last.
func (OS) SyncDir(dir string) error { return syncDir(dir) }

// SyncsAll reports whether there is a File.SyncAll to be relied upon.
func (OS) SyncsAll() bool { return syncsAll() }

// LockDir locks a folder.
func (OS) LockDir(dir string) (func() error, error) { return lockDir(dir) }

// file adds to *os.File what package os does not have.
type file struct{ *os.File }

func (f file) SyncAll() error { return syncAll(f.File) }

func (f file) Lock() error { return lock(f.File) }

func (f file) Unlock() error { return unlock(f.File) }
