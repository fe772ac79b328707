package deliver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
)

// locked calls f while the mbox is locked in both ways in use: a record lock,
// then FILE.lock, in the order that Debian's policy prescribes.
func (m *mboxFile) locked(ctx context.Context, f func() error) error {
	if err := wait(ctx, m.o.Timeout, m.lock); err != nil {
		return fmt.Errorf("lock %q: %w", m.path, err)
	}
	err := f()
	return errors.Join(err, m.o.FS.Remove(m.dotlock()), m.file.Unlock())
}

func (m *mboxFile) dotlock() string { return m.path + ".lock" }

// lock tries to lock the file that is at path now.
func (m *mboxFile) lock() error {
	if err := m.file.Lock(); err != nil {
		return err
	}
	err := m.follow()
	if err == nil {
		err = m.makeDotlock()
	}
	if err != nil {
		return errors.Join(err, m.file.Unlock())
	}
	return nil
}

// follow makes sure that the open file is the one at path. Some readers put a
// new one in its place.
func (m *mboxFile) follow() error {
	here, err := m.file.Stat()
	if err != nil {
		return err
	}
	there, err := m.o.FS.Stat(m.path)
	if err == nil && os.SameFile(here, there) {
		return nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(m.undone) > 0 {
		m.undone = nil // nothing of it is ours any more
		return errReplaced
	}
	old := m.file
	if err := m.openFile(); err != nil {
		m.file = old
		return err
	}
	m.lasting = false
	return errors.Join(atomicfile.ErrLocked, old.Close()) // once more, with the new file
}

// makeDotlock makes FILE.lock. It is a second name of the token, so that it is
// never there without its owner's number in it.
func (m *mboxFile) makeDotlock() error {
	for range 2 {
		err := m.o.FS.Link(m.token, m.dotlock())
		if errors.Is(err, fs.ErrExist) {
			if err := m.breakDotlock(); err != nil {
				return err
			}
			continue
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			err = m.writeToken(m.dotlock()) // where files have one name only
		}
		return err
	}
	return atomicfile.ErrLocked
}

// makeToken makes the file that locks are names of. It lasts, for a lock that
// outlives a power cut must tell whose it was.
func (m *mboxFile) makeToken() error {
	var err error
	if m.token, err = m.temporary(); err != nil {
		return err
	}
	return m.writeToken(m.token)
}

func (m *mboxFile) writeToken(path string) error {
	f, err := m.o.FS.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return atomicfile.ErrLocked
	}
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, strconv.Itoa(os.Getpid())+lockMark+host()+"\n")
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, m.o.FS.Remove(path))
	}
	return nil
}

// lockMark stands between number and host in our own locks.
const lockMark = " popherd@"

func host() string {
	name, err := os.Hostname()
	if err != nil {
		return ""
	}
	return name
}

// staleAfter is how old the lock of another program is taken for forgotten, if
// its owner is dead or unknown. Procmail waits as long.
const staleAfter = 1024 * time.Second

// breakDotlock removes a lock whose owner is dead. Since it is called under the
// record lock, no two of us do so at once.
func (m *mboxFile) breakDotlock() error {
	f, err := m.o.FS.OpenFile(m.dotlock(), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	text := make([]byte, 512)
	n, err := f.ReadAt(text, 0)
	info, statErr := f.Stat()
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, statErr, f.Close()); err != nil {
		return err
	}
	if m.held(string(text[:n]), m.o.Now().Sub(info.ModTime())) {
		return fmt.Errorf("%w: %q says %.40q; remove it if nobody is at work", atomicfile.ErrLocked, m.dotlock(), text[:n])
	}
	return m.o.FS.Remove(m.dotlock())
}

// held reports whether somebody is at work who made a lock with this text so
// long ago.
func (m *mboxFile) held(text string, age time.Duration) bool {
	first, where, ours := strings.Cut(strings.TrimSpace(text), lockMark)
	number, err := strconv.Atoi(first)
	switch {
	case ours && where == host():
		return ownerHolds(number)
	case ours:
		return true // on another machine; who can tell?
	}
	return age <= staleAfter || err == nil && number > 1 && alive(number)
}
