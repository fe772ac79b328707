package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/popherd/popherd/internal/mbox"
)

// recover reads the journal and cuts off what a crash has left in part. The
// mbox is locked.
func (m *mboxFile) recover(ctx context.Context) error {
	if err := m.clear(); err != nil {
		return err
	}
	if err := m.journal.refresh(); err != nil {
		return err
	}
	open := m.journal.spans
	if len(open) == 0 {
		return m.shorten()
	}
	for i, b := range open {
		if err := ctx.Err(); err != nil {
			return err
		}
		later := open[i+1:]
		if slices.ContainsFunc(later, func(l batch) bool { return l.start < b.end && b.start < l.end }) {
			continue // it was cut off, and others put in its place
		}
		if err := m.heal(b); err != nil {
			return err
		}
	}
	// What is whole of it may be from a program at work, which has not
	// synced it yet, or from one that could not.
	if err := m.file.Sync(); err != nil {
		return err
	}
	m.lasting = true
	spans := make([]span, len(open))
	for i, b := range open {
		spans[i] = b.span
	}
	m.journal.spans = nil
	if err := m.journal.settle(spans); err != nil {
		return err
	}
	return m.shorten()
}

// clear removes what crashes have left beside the mbox long ago.
func (m *mboxFile) clear() error {
	dir, prefix := filepath.Dir(m.path), filepath.Base(m.beside(""))
	var left []string
	err := m.o.FS.Names(dir, func(names []string) {
		for _, name := range names {
			if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, temporarySuffix) {
				left = append(left, filepath.Join(dir, name))
			}
		}
	})
	for _, path := range left {
		info, err := m.o.FS.Stat(path)
		if err == nil && m.o.Now().Sub(info.ModTime()) > leftFor {
			_ = m.o.FS.Remove(path) // it does no harm
		}
	}
	return err
}

func (m *mboxFile) shorten() error {
	if m.journal.offset < maxJournal {
		return nil
	}
	nonce, err := random(m.o.Random, 8)
	if err != nil {
		return err
	}
	return m.journal.shorten("." + nonce + temporarySuffix)
}

// heal cuts a batch off if it is there in part and everything from its start
// to the end of the file is sure to be its own. No message of it was deleted
// anywhere, since it was never synced.
func (m *mboxFile) heal(b batch) error {
	info, err := m.file.Stat()
	if err != nil || info.Size() <= b.start {
		return err
	}
	hash, err := before(m.file, b.start)
	if err != nil || hash != b.before {
		return err
	}
	ours, err := m.ours(b, info.Size())
	if err != nil || !ours {
		return err
	}
	return m.file.Truncate(b.start)
}

// ours reports whether the end of the file is a part of the batch, or the
// NULs that some file systems leave of it when the power fails.
func (m *mboxFile) ours(b batch, size int64) (bool, error) {
	head := make([]byte, min(int64(len(b.head)), size-b.start))
	if _, err := m.file.ReadAt(head, b.start); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	tail := io.NewSectionReader(m.file, b.start, size-b.start)
	if string(head) != b.head[:len(head)] {
		return empty(tail)
	}
	if size >= b.end {
		return false, nil
	}
	foreign, err := b.foreign(tail)
	return !foreign, err
}

// empty reports whether there are only NULs.
func empty(r io.Reader) (bool, error) {
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if len(bytes.Trim(buf[:n], "\x00")) > 0 {
			return false, nil
		}
		if err != nil {
			return errors.Is(err, io.EOF), notEOF(err)
		}
	}
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

const (
	window   = 64 << 10
	postmark = 512 // octets in which a postmark has its date
)

// foreign reports whether there is a postmark that is not the batch's own:
// mail that somebody has put behind it, perhaps in the midst of a line. The
// batch's messages hold no dated "From " line, for it would be quoted.
func (b batch) foreign(tail *io.SectionReader) (bool, error) {
	buf := make([]byte, window+postmark)
	for at := int64(0); at < tail.Size(); at += window {
		n, err := tail.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return false, err
		}
		text := buf[:n]
		for i := 0; i < min(n, window); {
			k := bytes.Index(text[i:], []byte("From "))
			if k < 0 {
				break
			}
			i += k
			if mbox.Dated(line(text[i:])) && !slices.Contains(b.starts, b.start+at+int64(i)) && (i == 0 || text[i-1] != '>') {
				return true, nil
			}
			i++
		}
	}
	return false, nil
}

func line(text []byte) []byte {
	text = text[:min(len(text), postmark)]
	if i := bytes.IndexByte(text, '\n'); i >= 0 {
		return text[:i]
	}
	return text
}
