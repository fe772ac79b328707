package delivertest

import (
	"os"

	"github.com/popherd/popherd/internal/atomicfile"
)

// faulty is a file of Faults.
type faulty struct {
	atomicfile.File
	faults *Faults
	name   string
}

func (f *faulty) Read(p []byte) (int, error) {
	if err := f.faults.step("read", f.name); err != nil {
		return 0, err
	}
	return f.File.Read(p)
}

func (f *faulty) ReadAt(p []byte, offset int64) (int, error) {
	if err := f.faults.step("read", f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, offset)
}

// half is how much of a write takes place although it fails: a disk that is
// full, or a kill, leaves a part.
func (f *faulty) half(n int) int {
	if f.faults.Fault == Once {
		return 0
	}
	return n / 2
}

func (f *faulty) Write(p []byte) (int, error) {
	before := f.dead()
	if err := f.faults.step("write", f.name); err != nil {
		if before {
			return 0, err
		}
		n, _ := f.File.Write(p[:f.half(len(p))])
		return n, err
	}
	return f.File.Write(p)
}

func (f *faulty) WriteAt(p []byte, offset int64) (int, error) {
	before := f.dead()
	if err := f.faults.step("write", f.name); err != nil {
		if before {
			return 0, err
		}
		n, _ := f.File.WriteAt(p[:f.half(len(p))], offset)
		return n, err
	}
	return f.File.WriteAt(p, offset)
}

func (f *faulty) dead() bool {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	return f.faults.killed
}

func (f *faulty) Stat() (os.FileInfo, error) {
	if err := f.faults.step("stat", f.name); err != nil {
		return nil, err
	}
	return f.File.Stat()
}

func (f *faulty) Truncate(size int64) error {
	if err := f.faults.step("truncate", f.name); err != nil {
		return err
	}
	return f.File.Truncate(size)
}

func (f *faulty) Sync() error {
	if err := f.faults.step("fsync", f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faulty) SyncAll() error {
	if err := f.faults.step("syncfs", f.name); err != nil {
		return err
	}
	return f.File.SyncAll()
}

func (f *faulty) Lock() error {
	if err := f.faults.step("lock", f.name); err != nil {
		return err
	}
	return f.File.Lock()
}

func (f *faulty) Unlock() error {
	if err := f.faults.step("unlock", f.name); err != nil {
		return err
	}
	return f.File.Unlock()
}

// Close closes the file also when it fails, as the kernel does.
func (f *faulty) Close() error {
	err := f.faults.step("close", f.name)
	if f.dead() {
		return err // Kill closes it
	}
	f.faults.mu.Lock()
	delete(f.faults.open, f)
	f.faults.mu.Unlock()
	if closed := f.File.Close(); err == nil {
		err = closed
	}
	return err
}
