package deliver

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
)

// An entry is where one message lies, postmark and empty line included.
type entry struct {
	id             string
	offset, length int64
	sum            [16]byte // the first half of its SHA-256
	postmark       string
}

// A span is where one batch lies.
type span struct {
	start, end int64
	before     string // a hash of what stands before start
	head       string // what it begins with: a line end or two, if there was need, and the first postmark
}

// flush appends the batch.
func (m *mboxFile) flush(ctx context.Context) error {
	if len(m.entries) == 0 {
		return nil
	}
	err := m.append(ctx, nil, 0)
	m.batch = m.batch[:0]
	return err
}

// append appends the entries: from content if there is one message, else from
// the batch.
func (m *mboxFile) append(ctx context.Context, content io.Reader, length int64) error {
	err := m.locked(ctx, func() error {
		if err := m.leaveOut(); err != nil || len(m.entries) == 0 {
			return err
		}
		if content == nil {
			content, length = bytes.NewReader(m.batch), int64(len(m.batch))
		}
		return m.appendLocked(content, length)
	})
	m.entries, m.failed = m.entries[:0], err
	return err
}

// leaveOut takes out of the batch what somebody else has delivered meanwhile.
func (m *mboxFile) leaveOut() error {
	if err := m.journal.refresh(); err != nil {
		return err
	}
	kept, batch := m.entries[:0], m.batch[:0]
	for _, e := range m.entries {
		have, err := m.journal.verify(e.id, m.file)
		if err != nil {
			return err
		}
		if have {
			m.lasting = false
			continue
		}
		if len(m.batch) > 0 { // else the one message is in a file
			octets := m.batch[e.offset : e.offset+e.length]
			e.offset = int64(len(batch))
			batch = append(batch, octets...)
		}
		kept = append(kept, e)
	}
	m.entries, m.batch = kept, batch
	return nil
}

// appendLocked writes to the journal what is intended, then does it.
func (m *mboxFile) appendLocked(content io.Reader, length int64) error {
	info, err := m.file.Stat()
	if err != nil {
		return err
	}
	gap, err := m.gap(info.Size())
	if err != nil {
		return err
	}
	s := span{start: info.Size(), head: gap + m.entries[0].postmark}
	s.end = s.start + int64(len(gap)) + length
	if s.before, err = before(m.file, s.start); err != nil {
		return err
	}
	for i := range m.entries {
		m.entries[i].offset += s.start + int64(len(gap))
	}
	if err := m.journal.intend(s, m.entries); err != nil {
		return err
	}
	w := io.NewOffsetWriter(m.file, s.start)
	_, err = io.WriteString(w, gap)
	if err == nil {
		_, err = io.Copy(w, content)
	}
	m.undone = append(m.undone, s)
	m.note(m.entries[0], m.entries[len(m.entries)-1])
	if err != nil {
		return errors.Join(err, m.cutBack(1, true))
	}
	return nil
}

// note keeps the first and the last message that were appended since the last
// sync.
func (m *mboxFile) note(first, last entry) {
	if len(m.ends) == 0 {
		m.ends = append(m.ends, first, last)
	}
	m.ends[1] = last
}

// gap returns what must stand between the last message and a postmark: an
// empty line, unless there is one.
func (m *mboxFile) gap(size int64) (string, error) {
	end := make([]byte, min(size, 3))
	if _, err := m.file.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	switch {
	case size == 0, bytes.HasSuffix(end, []byte("\n\n")), bytes.HasSuffix(end, []byte("\n\r\n")):
		return "", nil
	case end[len(end)-1] == '\n':
		return "\n", nil
	}
	return "\n\n", nil
}

// beforeSize is how much before a batch tells that it is where it was.
const beforeSize = 64

// before returns a hash of what stands before an offset.
func before(r io.ReaderAt, offset int64) (string, error) {
	octets := make([]byte, min(offset, beforeSize))
	n, err := r.ReadAt(octets, offset-int64(len(octets)))
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	sum := sha256.Sum256(octets[:n])
	return fmt.Sprintf("%x", sum[:8]), nil
}

// sync appends what is left of the batch and makes everything last. The locks
// are not held while the disk works.
func (m *mboxFile) sync(ctx context.Context) error {
	if m.failed != nil {
		return m.failed
	}
	if err := m.flush(ctx); err != nil {
		return err
	}
	if len(m.undone) == 0 {
		if m.lasting {
			return nil
		}
		return m.file.Sync() // of what was left out
	}
	if err := m.locked(ctx, m.intact); err != nil {
		return err
	}
	// A batch that could not be made to last is cut off by close: to sync
	// again may succeed, and would prove nothing.
	if err := m.file.Sync(); err != nil {
		return err
	}
	if err := m.locked(ctx, func() error { return m.journal.settle(m.undone) }); err != nil {
		return err
	}
	m.lasting, m.undone, m.ends = true, nil, nil
	return nil
}

// intact makes sure that what was appended is still there. A reader may have
// put the file in order meanwhile; where the messages went nobody can tell.
func (m *mboxFile) intact() error {
	for _, e := range m.ends {
		postmark := make([]byte, len(e.postmark))
		n, err := m.file.ReadAt(postmark, e.offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if string(postmark[:n]) != e.postmark {
			return errReplaced
		}
	}
	info, err := m.file.Stat()
	if err == nil && info.Size() < m.undone[len(m.undone)-1].end {
		return errReplaced
	}
	return err
}

var errReplaced = temporarily(errors.New("another program has rewritten the file during the delivery, which will be tried again"))

// cutBack takes the last batches off the file again, all or so many, as long
// as nothing stands behind them.
func (m *mboxFile) cutBack(most int, settle bool) error {
	info, err := m.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	for range most {
		s := m.undone[len(m.undone)-1]
		if size > s.end || size < s.start {
			return nil // somebody else's mail stands behind it, or nothing is left
		}
		if size > s.start {
			if err := m.file.Truncate(s.start); err != nil {
				return err
			}
		}
		size = s.start
		m.undone = m.undone[:len(m.undone)-1]
		if settle {
			if err := m.journal.settle([]span{s}); err != nil {
				return err
			}
		}
	}
	return nil
}

// close takes off what was not synced.
func (m *mboxFile) close() error {
	faults := []error{m.spool.reset()}
	if len(m.undone) > 0 {
		faults = append(faults, m.locked(context.Background(), func() error { return m.cutBack(len(m.undone), true) }))
	}
	if m.token != "" {
		if err := m.o.FS.Remove(m.token); !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	return errors.Join(append(faults, m.file.Close())...)
}
