package deliver

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/mbox"
)

// mboxFile appends to an mbox. Messages are gathered and appended some at a
// time, so that the locks are held for moments, however slow a maildrop is.
//
// What was delivered, an mbox itself cannot tell: a reader may put mail before
// it and write flags into it, and to compare contents one would have to read
// all of it at every start. So there is a journal beside it, .FILE.popherd. It
// says of each message where it is to lie, and its hash, and lasts before the
// mbox is touched: after a crash, what stands in the mbox as the journal says
// was delivered, and what is there in part is ours to cut off. A message that
// a reader has rewritten since is not found, and delivered again, which is
// better than believing that it is there.
type mboxFile struct {
	o       Options
	path    string
	token   string // a file that the lock is a second name of
	file    atomicfile.File
	journal journal
	spool   spool
	hash    hash.Hash
	batch   []byte  // messages that are whole, as they will be appended
	entries []entry // of batch, their offsets counted from its start
	undone  []span  // appended since the last sync
	ends    []entry // the first and the last message of undone
	lasting bool    // the mbox was synced since it was opened
	failed  error
}

// openMbox opens an mbox, made if there is none: mode 0600, in a folder that
// is there.
func openMbox(ctx context.Context, spec Spec, o Options) (store, error) {
	m := &mboxFile{o: o, path: spec.Path, hash: sha256.New()}
	m.journal = journal{fs: o.FS, path: m.beside("popherd")}
	m.spool = spool{fs: o.FS, most: o.Memory, path: m.temporary}
	if err := m.openFile(); err != nil {
		return nil, err
	}
	err := m.makeToken()
	if err == nil {
		err = m.locked(ctx, func() error { return m.recover(ctx) })
	}
	if err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// beside names a file beside the mbox. It begins with a dot, since readers take
// any other for an mbox.
func (m *mboxFile) beside(what string) string {
	return filepath.Join(filepath.Dir(m.path), "."+filepath.Base(m.path)+"."+what)
}

const temporarySuffix = ".popherd-tmp"

// temporary names a temporary file.
func (m *mboxFile) temporary() (string, error) {
	nonce, err := random(m.o.Random, 8)
	return m.beside(nonce) + temporarySuffix, err
}

// openFile opens or makes the file. Only a regular file lasts.
func (m *mboxFile) openFile() error {
	info, err := m.o.FS.Stat(m.path)
	absent := errors.Is(err, fs.ErrNotExist)
	switch {
	case absent:
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%q is a folder: write maildir:%s or eml:%s", m.path, m.path, m.path)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%q is not a regular file: nothing lasts in it", m.path)
	}
	if m.file, err = m.o.FS.OpenFile(m.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if absent {
		err = m.o.FS.SyncDir(filepath.Dir(m.path))
	}
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return errors.Join(err, m.file.Close())
	}
	return nil
}

// check makes sure that mail may be put behind what is in the file.
func (m *mboxFile) check() error {
	start := make([]byte, len("From "))
	n, err := m.file.ReadAt(start, 0)
	if n == 0 && errors.Is(err, io.EOF) || string(start[:n]) == "From " {
		return nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return fmt.Errorf(`%q does not begin with "From ": not an mbox; name an mbox, or a new file`, m.path)
}

func (m *mboxFile) have(ctx context.Context, id string) (have bool, err error) {
	if !m.journal.knows(id) {
		return false, nil
	}
	err = m.locked(ctx, func() error {
		have, err = m.journal.verify(id, m.file)
		if err == nil && have && !m.lasting {
			err = m.file.Sync()
			m.lasting = err == nil
		}
		return err
	})
	return have && err == nil, err
}

func (m *mboxFile) begin(_ context.Context, e Envelope) (draft, error) {
	if m.failed != nil {
		return nil, m.failed
	}
	if err := m.spool.reset(); err != nil {
		return nil, err
	}
	m.hash.Reset()
	d := &mboxDraft{m: m, id: e.ID, postmark: mbox.Postmark(e.Sender, arrival(e, m.o.Now()))}
	w, err := mbox.NewWriter(d.sink(), d.postmark)
	d.Writer = w
	return d, err
}

// mboxDraft is a message in the spool.
type mboxDraft struct {
	*mbox.Writer
	m            *mboxFile
	id, postmark string
}

// sink takes the message as the mbox will hold it.
func (d *mboxDraft) sink() io.Writer { return hashing{&d.m.spool, d.m.hash} }

// hashing writes to a spool and a hash.
type hashing struct {
	*spool
	hash hash.Hash
}

func (h hashing) Write(p []byte) (int, error) {
	h.hash.Write(p) // never fails
	return h.spool.Write(p)
}

func (d *mboxDraft) commit(ctx context.Context) error {
	m := d.m
	if err := d.Close(); err != nil {
		return errors.Join(err, d.abort())
	}
	e := entry{id: d.id, length: m.spool.size, sum: [16]byte(m.hash.Sum(nil)), postmark: d.postmark}
	big := m.spool.file != nil
	if big || len(m.batch)+len(m.spool.buf) > m.o.Memory {
		if err := m.flush(ctx); err != nil {
			return errors.Join(err, d.abort())
		}
	}
	e.offset = int64(len(m.batch))
	m.entries = append(m.entries, e)
	if !big {
		m.batch = append(m.batch, m.spool.buf...)
		return m.spool.reset()
	}
	return errors.Join(m.append(ctx, m.spool.reader(), m.spool.size), m.spool.reset())
}

func (d *mboxDraft) abort() error { return d.m.spool.reset() }
