package delivertest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/popherd/popherd/internal/atomicfile"
)

// A Loss is what a power cut leaves of what was not synced.
type Loss int

// The losses. What was synced stays in all of them.
const (
	All      Loss = iota // contents and names not synced are gone
	Contents             // names stay; of contents, half, the rest cut off
	Zeros                // names stay; contents have their length, and NULs
	Names                // contents stay, names not synced are gone
	Losses               // how many there are
)

// Disk is an FS over a real folder that knows what is on the disk and what is
// only in memory. Files that are there already are on the disk.
type Disk struct {
	atomicfile.OS
	Root string

	mu   sync.Mutex
	live map[string]*node // by path
	kept map[string]*node // as the names on the disk are
}

// node is a file, whatever its name.
type node struct{ kept []byte }

// load notes what is on the disk before the first operation.
func (d *Disk) load() {
	if d.live != nil {
		return
	}
	d.live, d.kept = map[string]*node{}, map[string]*node{}
	_ = filepath.WalkDir(d.Root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			octets, _ := os.ReadFile(path)
			n := &node{octets}
			d.live[path], d.kept[path] = n, n
		}
		return nil
	})
}

// OpenFile notes a new file.
func (d *Disk) OpenFile(name string, flag int, perm fs.FileMode) (atomicfile.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	f, err := d.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	if flag&os.O_CREATE != 0 && d.live[name] == nil {
		d.live[name] = &node{}
	}
	return &diskFile{f, d, d.live[name], name}, nil
}

// Rename moves a name that is not yet on the disk.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	err := d.OS.Rename(from, to)
	if err == nil {
		d.live[to] = d.live[from]
		delete(d.live, from)
	}
	return err
}

// Link adds a name that is not yet on the disk.
func (d *Disk) Link(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	err := d.OS.Link(from, to)
	if err == nil {
		d.live[to] = d.live[from]
	}
	return err
}

// Remove removes a name, on the disk later.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	err := d.OS.Remove(name)
	if err == nil {
		delete(d.live, name)
	}
	return err
}

// SyncDir brings the names of a folder to the disk.
func (d *Disk) SyncDir(dir string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	for path := range d.kept {
		if filepath.Dir(path) == dir && d.live[path] == nil {
			delete(d.kept, path)
		}
	}
	for path, n := range d.live {
		if filepath.Dir(path) == dir {
			d.kept[path] = n
		}
	}
	return nil
}

// diskFile is an open file.
type diskFile struct {
	atomicfile.File
	disk *Disk
	node *node
	name string
}

// Sync brings the contents of a file to the disk.
func (f *diskFile) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.File.Sync(); err != nil {
		return err
	}
	return f.disk.keep(f.node)
}

// keep reads what a node holds by its name: the file may not be open for
// reading.
func (d *Disk) keep(n *node) (err error) {
	for path, other := range d.live {
		if other == n {
			n.kept, err = os.ReadFile(path)
		}
	}
	return err
}

// SyncAll brings all contents to the disk, but no names.
func (f *diskFile) SyncAll() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	for _, n := range f.disk.live {
		if err := f.disk.keep(n); err != nil {
			return err
		}
	}
	return nil
}

// Cut cuts the power: the folder is left as the disk has it.
func (d *Disk) Cut(loss Loss) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.load()
	after := map[string][]byte{}
	names := d.kept
	if loss == Contents || loss == Zeros {
		names = d.live
	}
	for path, n := range names {
		after[path] = d.remains(n, loss)
	}
	var faults []error
	for path := range d.live {
		faults = append(faults, os.Remove(path))
	}
	for path, octets := range after {
		faults = append(faults, os.WriteFile(path, octets, 0o600))
	}
	d.live, d.kept = nil, nil
	return errors.Join(faults...)
}

// remains returns what a power cut leaves of a file.
func (d *Disk) remains(n *node, loss Loss) []byte {
	var now []byte
	for path, other := range d.live {
		if other == n {
			now, _ = os.ReadFile(path)
		}
	}
	if !bytes.HasPrefix(now, n.kept) || loss == All {
		return n.kept // it was cut shorter or overwritten, or its name is gone
	}
	fresh := now[len(n.kept):]
	switch loss {
	case Contents:
		fresh = fresh[:len(fresh)/2]
	case Zeros:
		fresh = make([]byte, len(fresh))
	}
	return slices.Concat(n.kept, fresh)
}
