package deliver

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"github.com/popherd/popherd/internal/atomicfile"
)

// A spool holds a message until it is whole, so that nobody is kept waiting by
// a slow maildrop, and nobody takes half a message for one. What is more than
// fits in memory goes to a temporary file.
type spool struct {
	fs   atomicfile.FS
	most int                    // octets in memory
	path func() (string, error) // of a temporary file, a new one each time
	buf  []byte
	file atomicfile.File
	name string // of file
	size int64
}

// Write adds to the message.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && len(s.buf)+len(p) > s.most {
		if err := s.spill(); err != nil {
			return 0, err
		}
	}
	n := len(p)
	if s.file == nil {
		s.buf = append(s.buf, p...)
	} else if k, err := s.file.Write(p); err != nil {
		s.size += int64(k)
		return k, err
	}
	s.size += int64(n)
	return n, nil
}

// spill moves the message to a file.
func (s *spool) spill() (err error) {
	if s.name, err = s.path(); err != nil {
		return err
	}
	if s.file, err = s.fs.OpenFile(s.name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		s.file = nil
		return err
	}
	_, err = s.file.Write(s.buf)
	return err
}

// reader returns the message from its start.
func (s *spool) reader() io.Reader {
	if s.file == nil {
		return bytes.NewReader(s.buf)
	}
	return io.NewSectionReader(s.file, 0, s.size)
}

// reset forgets the message and removes its file.
func (s *spool) reset() error {
	var err error
	if s.file != nil {
		err = errors.Join(s.file.Close(), s.fs.Remove(s.name))
	}
	s.file, s.name, s.buf, s.size = nil, "", s.buf[:0], 0
	return err
}

// random returns n random octets in hex.
func random(from io.Reader, n int) (string, error) {
	octets := make([]byte, n)
	_, err := io.ReadFull(from, octets)
	return hex.EncodeToString(octets), err
}
