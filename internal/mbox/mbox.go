// Package mbox reads mbox files: it finds where each message lies, in one pass
// and without holding any, and then opens messages one by one. A Writer makes
// of a message what an mbox holds of it. The package never changes a file and
// takes no lock.
//
// # What is a message
//
// A file begins with "From ", or is empty. A message is what stands between
// one postmark (a "From " line) and the next, or the end of the file. Behind
// the first line, a line that starts with "From " is a postmark if
//
//   - it has a date as asctime writes it: weekday, month and day, time, year.
//     A zone, or the order of an RFC 5322 date, are taken too. Or
//   - the line before it is empty, and behind "From " stands nothing (as
//     Thunderbird writes since 2023), "-", or one word with an "@" in it.
//
// But a postmark right behind a postmark is text. So an unquoted "From here on
// it rained" stays in its message, and a dated postmark separates though an
// empty line is missing: as in mutt, Dovecot and c-client, and in mbox(5) of
// qmail, which tells readers not to rely on the empty line.
//
// # Which octets are served
//
// The octets between two postmarks, less what belongs to the format: exactly
// one line end (LF or CR LF) before the next postmark, and one ">" of each
// quoted line. Nothing else changes: line ends stay as they are, LF or CR LF,
// mixed or not, and NUL, bare CR and 8-bit octets are kept.
//
// At the end of the file the line end is removed if it ends an empty line, or
// if the file has shown that its writer puts none (a postmark without an empty
// line before it). Else it is the message's own.
//
// What the format cannot hold: most writers end a message that has no LF at
// its end with one, and then put the empty line; such a message comes back
// with that LF. From a writer that puts one LF behind every message and no
// more, all comes back exactly, but for a bare CR as the last octet, which is
// then half of a line end. A run of more than about 64,000 ">" is not seen as
// quoting.
//
// # Quoting
//
// A writer of mboxrd puts ">" before every line of ">"s and "From "; one of
// mboxo only before "From ". They differ in what ">>From " means, and no file
// says which it is. See Quoting.
package mbox

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// MaxMessages is the most messages a file may hold, so that the index of a
// hostile file stays in memory (64 octets for each message).
const MaxMessages = 1 << 22

// ErrChanged is returned by Open for a message that is no longer where the
// index says, because another program has rewritten the file.
var ErrChanged = errors.New("the file was changed since it was indexed; open it again")

// Quoting says what ">From " at the start of a line stands for.
type Quoting int

const (
	// Auto is RD, unless the file holds a "From " line that is no postmark.
	// A writer of mboxrd would have quoted that line, so the file is read
	// as O. The octets of a file that quotes one level only are the same
	// either way.
	Auto Quoting = iota
	// RD is mboxrd: each line of one or more ">" and "From " loses one ">".
	RD
	// O is mboxo: ">From " loses its ">", deeper quoting is text.
	O
)

// Message is where one message lies, and what is known of it.
type Message struct {
	Offset int64 // of its first octet in the file, behind the postmark
	Length int64 // in the file, quoting included
	Octets int64 // as served, quoting removed
	CRLF   bool  // ends with CR LF

	// Sum is the first half of the SHA-256 of the Length octets at Offset.
	Sum [16]byte

	single, deep int64 // lines that start with ">From ", and with more ">"
}

// FormatError says where and why a file is not an mbox.
type FormatError struct {
	Path   string
	Offset int64 // octets from the start of the file
	Reason string
}

// Error names the file, the offset, and the remedy.
func (e *FormatError) Error() string {
	return fmt.Sprintf("mbox %q: offset %d: %s", e.Path, e.Offset, e.Reason)
}

// File is an indexed mbox. It holds no descriptor and needs no Close. Its
// methods may be called from several goroutines.
type File struct {
	Messages []Message // in the order of the file; not to be changed

	path     string
	quoting  Quoting
	size     int64
	modified time.Time
}

// Open indexes the mbox at path, reading it once. An empty file has no
// messages. What is no mbox is a *FormatError; other errors are those of the
// file system.
func Open(path string, quoting Quoting) (*File, error) {
	src, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return nil, err
	}
	x, err := index(src, MaxMessages)
	var bad *FormatError
	if errors.As(err, &bad) {
		bad.Path = path
	}
	if err != nil {
		return nil, err
	}
	f := &File{path: path, size: x.offset, modified: info.ModTime()}
	f.Messages, f.quoting = x.settle(quoting)
	return f, nil
}

// Current reports whether the file has the size and the time it had when it
// was indexed.
func (f *File) Current() bool {
	info, err := os.Stat(f.path)
	return err == nil && f.same(info)
}

func (f *File) same(info os.FileInfo) bool {
	return info.Size() == f.size && info.ModTime().Equal(f.modified)
}

// Quoting returns how the file is read: RD or O.
func (f *File) Quoting() Quoting { return f.quoting }

// Open returns the octets of Messages[i]. The caller closes it. If the file
// has changed, the message is first compared with its Sum: mail appended to
// the file does no harm, anything else is ErrChanged.
func (f *File) Open(i int) (io.ReadCloser, error) {
	if i < 0 || i >= len(f.Messages) {
		return nil, fmt.Errorf("mbox %q: no message at index %d of %d", f.path, i, len(f.Messages))
	}
	m := f.Messages[i]
	src, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	if err := f.check(src, m); err != nil {
		src.Close()
		return nil, fmt.Errorf("mbox %q: message at offset %d: %w", f.path, m.Offset, err)
	}
	return message{newReader(src, m, f.quoting), src}, nil
}

type message struct {
	io.Reader
	io.Closer
}

// check makes sure that m still lies where the index says.
func (f *File) check(src *os.File, m Message) error {
	info, err := src.Stat()
	if err != nil {
		return err
	}
	if f.same(info) {
		return nil
	}
	h := sha256.New()
	n, err := io.Copy(h, io.NewSectionReader(src, m.Offset, m.Length))
	if err != nil {
		return err
	}
	if n != m.Length || [16]byte(h.Sum(nil)) != m.Sum {
		return ErrChanged
	}
	return nil
}
