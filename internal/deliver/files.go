package deliver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
)

// A layout says where files lie and what they are called.
type layout struct {
	tmp, final string   // folders, on one file system
	indexed    []string // folders in which delivered messages are looked for
	hidden     string   // what begins the name of a temporary file
	name       func(when time.Time, id string) string
	id         func(name string) (string, bool)
}

// files stores each message in a file of its own: written in tmp, synced and
// given its name at sync.
type files struct {
	layout
	o       Options
	folder  atomicfile.File // tmp, opened before anything is written
	nonce   string          // tells our temporary files from another program's
	count   int
	index   map[key]bool     // delivered
	left    map[key][]string // temporary files of an earlier run
	lasting bool             // the folders were synced since the index was read
	pending []pending
	held    []atomicfile.File // of the last ones pending, not yet synced
	loose   bool              // some were closed without being synced
	buf     []byte
	failed  error
}

// pending is a message that was committed, small because a hundred thousand
// may be: its names are made when they are needed.
type pending struct {
	id    string
	when  int64 // seconds since 1970
	count int   // in the temporary name
}

const (
	// heldOpen is how many files wait for their sync, to be synced at once.
	heldOpen = 32
	// leftFor is how long Maildir readers leave files in tmp alone.
	leftFor = 36 * time.Hour
	// writeSize makes one write of nearly every message.
	writeSize = 64 << 10
)

// start reads the index and clears tmp.
func (s *files) start(ctx context.Context) error {
	var err error
	if s.nonce, err = random(s.o.Random, 8); err != nil {
		return err
	}
	s.index, s.left = map[key]bool{}, map[key][]string{}
	if err := s.readIndex(ctx); err != nil {
		return err
	}
	if err := s.clear(ctx); err != nil {
		return err
	}
	if !s.o.FS.SyncsAll() {
		return nil
	}
	folder, err := s.o.FS.OpenFile(s.tmp, os.O_RDONLY, 0)
	s.folder = folder
	return err
}

// readIndex adds what is delivered now, by anybody, to the index.
func (s *files) readIndex(ctx context.Context) error {
	for _, dir := range s.indexed {
		err := s.o.FS.Names(dir, func(names []string) {
			for _, name := range names {
				if id, ok := s.id(name); ok {
					s.index[keyOf(id)] = true
				}
			}
		})
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
	}
	return nil
}

// temporary returns the path of a temporary file: ID.NONCE.COUNT.popherd.
func (s *files) temporary(p pending) string {
	return filepath.Join(s.tmp, s.hidden+p.id+"."+s.nonce+"."+strconv.Itoa(p.count)+".popherd")
}

// lastingPath returns the path of a delivered file.
func (s *files) lastingPath(p pending) string {
	return filepath.Join(s.final, s.name(time.Unix(p.when, 0), p.id))
}

// temporaryID returns the id in the name of a temporary file of ours.
func (s *files) temporaryID(name string) (string, bool) {
	name, ok := strings.CutPrefix(name, s.hidden)
	parts := strings.Split(name, ".")
	return parts[0], ok && len(parts) == 4 && parts[3] == "popherd" && validID(parts[0])
}

// clear removes what crashes have left in tmp long ago, and notes the rest: it
// may be another program's, at work.
func (s *files) clear(ctx context.Context) error {
	var ours []string
	err := s.o.FS.Names(s.tmp, func(names []string) {
		for _, name := range names {
			if _, ok := s.temporaryID(name); ok {
				ours = append(ours, name)
			}
		}
	})
	if err != nil {
		return err
	}
	for _, name := range ours {
		if err := ctx.Err(); err != nil {
			return err
		}
		path := filepath.Join(s.tmp, name)
		info, err := s.o.FS.Stat(path)
		if err == nil && s.o.Now().Sub(info.ModTime()) > leftFor {
			err = s.o.FS.Remove(path)
		} else if err == nil {
			id, _ := s.temporaryID(name)
			s.left[keyOf(id)] = append(s.left[keyOf(id)], path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// have looks in the index. What an earlier run put in place may have been
// killed before the folder was synced.
func (s *files) have(_ context.Context, id string) (bool, error) {
	if !s.index[keyOf(id)] {
		return false, nil
	}
	for _, dir := range s.indexed {
		if s.lasting {
			break
		}
		if err := s.o.FS.SyncDir(dir); err != nil {
			return false, err
		}
	}
	s.lasting = true
	return true, nil
}

func (s *files) begin(_ context.Context, e Envelope) (draft, error) {
	if s.failed != nil {
		return nil, s.failed
	}
	s.count++
	p := pending{id: e.ID, when: arrival(e, s.o.Now()).Unix(), count: s.count}
	f, err := s.o.FS.OpenFile(s.temporary(p), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	s.buf = s.buf[:0]
	return &fileDraft{s, p, f}, nil
}

// fileDraft is a message in its temporary file.
type fileDraft struct {
	s *files
	pending
	f atomicfile.File
}

// Write gathers octets, so that an ordinary message is one write.
func (d *fileDraft) Write(p []byte) (int, error) {
	s := d.s
	if len(s.buf)+len(p) > writeSize {
		if err := d.flush(); err != nil {
			return 0, err
		}
	}
	if len(p) >= writeSize {
		return d.f.Write(p)
	}
	s.buf = append(s.buf, p...)
	return len(p), nil
}

func (d *fileDraft) flush() error {
	if len(d.s.buf) == 0 {
		return nil
	}
	_, err := d.f.Write(d.s.buf)
	d.s.buf = d.s.buf[:0]
	return err
}

func (d *fileDraft) commit(context.Context) error {
	if err := d.flush(); err != nil {
		return errors.Join(err, d.abort())
	}
	s := d.s
	s.pending, s.held = append(s.pending, d.pending), append(s.held, d.f)
	if len(s.held) == heldOpen {
		s.failed = s.release()
	}
	return s.failed
}

func (d *fileDraft) abort() error {
	return errors.Join(d.f.Close(), d.s.remove(d.s.temporary(d.pending)))
}

// remove removes a temporary file, which somebody may have cleared away.
func (s *files) remove(path string) error {
	if err := s.o.FS.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
