package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/popherd/popherd/internal/atomicfile"
)

// release closes the files held open. Where one call can sync all of them at
// the end they are not synced now.
func (s *files) release() error {
	if s.o.FS.SyncsAll() {
		s.loose = true
		return s.each(atomicfile.File.Close)
	}
	return s.each(synced)
}

func synced(f atomicfile.File) error { return errors.Join(f.Sync(), f.Close()) }

// atOnce is how many files are synced at the same time, so that a journal
// takes several in one turn.
const atOnce = 8

// each ends the files held open, some at a time.
func (s *files) each(end func(atomicfile.File) error) error {
	faults := make([]error, len(s.held))
	var wait sync.WaitGroup
	for first := range min(atOnce, len(s.held)) {
		wait.Go(func() {
			for i := first; i < len(faults); i += atOnce {
				faults[i] = end(s.held[i])
			}
		})
	}
	wait.Wait()
	s.held = s.held[:0]
	return errors.Join(faults...)
}

// sync makes contents last, then gives the files their names, then makes the
// names last.
func (s *files) sync(ctx context.Context) error {
	if s.failed != nil {
		return s.failed
	}
	if len(s.pending) == 0 {
		return nil
	}
	if err := s.syncContents(); err != nil {
		return err
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	err = s.place(ctx)
	return errors.Join(err, unlock())
}

func (s *files) syncContents() error {
	if !s.loose {
		return s.each(synced)
	}
	if err := s.each(atomicfile.File.Close); err != nil {
		return err
	}
	s.loose = false
	return s.folder.SyncAll()
}

// lock keeps others of us from giving names, so that none is given twice.
func (s *files) lock(ctx context.Context) (unlock func() error, err error) {
	err = wait(ctx, s.o.Timeout, func() error {
		unlock, err = s.o.FS.LockDir(s.tmp)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("folder %q: %w", s.tmp, err)
	}
	return unlock, nil
}

// place gives the pending files their names, but those that somebody else has
// delivered meanwhile.
func (s *files) place(ctx context.Context) error {
	if err := s.readIndex(ctx); err != nil {
		return err
	}
	for len(s.pending) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.placeOne(s.pending[0]); err != nil {
			return err
		}
		s.pending = s.pending[1:]
	}
	s.pending = nil
	for _, dir := range s.indexed {
		// Another's delivery may have been moved on by a reader.
		if dir == s.final || !s.lasting {
			if err := s.o.FS.SyncDir(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *files) placeOne(p pending) error {
	k := keyOf(p.id)
	if s.index[k] {
		s.lasting = false
		return s.remove(s.temporary(p))
	}
	if err := s.o.FS.Rename(s.temporary(p), s.lastingPath(p)); err != nil {
		return err
	}
	s.index[k] = true
	for _, old := range s.left[k] {
		_ = s.remove(old) // it does no harm, and is removed when it is old
	}
	delete(s.left, k)
	return nil
}

// close removes what has no name yet.
func (s *files) close() error {
	faults := []error{s.each(atomicfile.File.Close)}
	for _, p := range s.pending {
		faults = append(faults, s.remove(s.temporary(p)))
	}
	s.pending = nil
	if s.folder != nil {
		faults = append(faults, s.folder.Close())
	}
	return errors.Join(faults...)
}
