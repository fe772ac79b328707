package mbox

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
)

// bufferSize bounds how much of a line is looked at. Both index and reader
// read with it, so that they see the same quoting.
const bufferSize = 64 << 10

// indexer finds the messages of one mbox.
type indexer struct {
	messages []Message
	most     int   // messages allowed
	offset   int64 // of the chunk at hand
	blank    bool  // the line before was empty
	dense    bool  // a postmark came without an empty line before it
	unquoted bool  // a message holds a "From " line

	hash hash.Hash     // of the message at hand
	in   *bufio.Writer // to hash, which is slow line by line
	sum  [sha256.Size]byte
	tail [2]byte // its last octets
	held []byte  // its last line end, or CR, not yet hashed
	end  [2]byte // what held is kept in
}

// index reads all of r and finds at most so many messages.
func index(r io.Reader, most int) (*indexer, error) {
	x := &indexer{most: most, hash: sha256.New()}
	x.in = bufio.NewWriterSize(x.hash, 8<<10)
	br := bufio.NewReaderSize(r, bufferSize)
	for lineStart := true; ; {
		chunk, err := br.ReadSlice('\n')
		if len(chunk) > 0 {
			if err := x.add(chunk, lineStart); err != nil {
				return nil, err
			}
			x.offset += int64(len(chunk))
		}
		switch err {
		case nil:
			lineStart = true
		case bufio.ErrBufferFull:
			lineStart = false
		case io.EOF:
			x.close(x.blank || x.dense)
			return x, nil
		default:
			return nil, err
		}
	}
}

// add takes a line, or one part of a line longer than the buffer.
func (x *indexer) add(chunk []byte, lineStart bool) error {
	depth := -1
	if lineStart {
		depth = quoteDepth(chunk)
	}
	switch {
	case x.offset == 0 && depth != 0:
		return &FormatError{Reason: `the file does not begin with "From ": not an mbox; name an mbox file, a Maildir, or a folder of .eml files`}
	case x.offset == 0, depth == 0 && x.separates(chunk):
		return x.begin(chunk)
	case !lineStart && x.offset == x.last().Offset:
		x.last().Offset += int64(len(chunk)) // a postmark longer than the buffer
		return nil
	}
	x.count(depth)
	x.blank = lineStart && (string(chunk) == "\n" || string(chunk) == "\r\n")
	x.text(chunk)
	return nil
}

// separates reports whether a "From " line, not the first, is a postmark.
func (x *indexer) separates(line []byte) bool {
	switch {
	case x.offset == x.last().Offset:
		return false // a copy of the postmark before it, kept by some importer
	case dated(line):
		x.dense = x.dense || !x.blank
		return true
	}
	return x.blank && undated(line)
}

// begin ends the message at hand and starts the one behind this postmark.
func (x *indexer) begin(postmark []byte) error {
	x.close(true)
	if len(x.messages) == x.most {
		return &FormatError{Offset: x.offset, Reason: fmt.Sprintf("more than %d messages; split the file", x.most)}
	}
	x.messages = append(x.messages, Message{Offset: x.offset + int64(len(postmark))})
	return nil
}

// close ends the message at hand, if there is one, at x.offset; strip says
// that its last line end belongs to the format.
func (x *indexer) close(strip bool) {
	if len(x.messages) == 0 {
		return
	}
	if !strip || string(x.held) == "\r" {
		x.flush()
	}
	x.in.Flush()
	m := x.last()
	m.Length = x.offset - int64(len(x.held)) - m.Offset
	m.CRLF = x.tail == [2]byte{'\r', '\n'}
	m.Sum = [16]byte(x.hash.Sum(x.sum[:0]))
	x.hash.Reset()
	x.tail, x.held, x.blank = [2]byte{}, nil, false
}

// last returns the message at hand; there is one behind the first postmark.
func (x *indexer) last() *Message { return &x.messages[len(x.messages)-1] }

// count notes a quoted line, and one that should have been.
func (x *indexer) count(depth int) {
	switch {
	case depth == 0:
		x.unquoted = true
	case depth == 1:
		x.last().single++
	case depth > 1:
		x.last().deep++
	}
}

// text hashes a chunk of a message, but holds its line end back: if a postmark
// follows, it belongs to the format.
func (x *indexer) text(chunk []byte) {
	if string(x.held) == "\r" && string(chunk) == "\n" { // parts of a long line
		x.held = append(x.held, '\n')
		return
	}
	x.flush()
	body := bytes.TrimSuffix(chunk, []byte("\n"))
	body = bytes.TrimSuffix(body, []byte("\r"))
	x.write(body)
	x.held = append(x.end[:0], chunk[len(body):]...)
}

// flush hashes what is held.
func (x *indexer) flush() {
	x.write(x.held)
	x.held = nil
}

func (x *indexer) write(p []byte) {
	x.in.Write(p) // a hash never fails
	switch len(p) {
	case 0:
	case 1:
		x.tail = [2]byte{x.tail[1], p[0]}
	default:
		x.tail = [2]byte(p[len(p)-2:])
	}
}

// settle decides on the quoting and computes what depends on it.
func (x *indexer) settle(quoting Quoting) ([]Message, Quoting) {
	if quoting == Auto {
		quoting = RD
		if x.unquoted {
			quoting = O
		}
	}
	for i := range x.messages {
		m := &x.messages[i]
		m.Octets = m.Length - m.single
		if quoting == RD {
			m.Octets -= m.deep
		}
	}
	return x.messages, quoting
}
