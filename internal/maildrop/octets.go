package maildrop

import (
	"io"
	"os"

	"github.com/popherd/popherd/pop3/pop3server"
)

// onTheWire returns the octets of a message as RETR sends it, dot-stuffing
// aside: the server adds CR LF where the message does not end with it, but to
// an empty message nothing.
func onTheWire(stored int64, crlf bool) int64 {
	if stored == 0 || crlf {
		return stored
	}
	return stored + 2
}

// measure turns sizes of files into octets on the wire. A file that cannot be
// opened keeps its size: the other messages are none the worse for it, and
// RETR of this one will say why.
func measure(listed []pop3server.Message, open func(index int) (*os.File, error)) {
	for i := range listed {
		f, err := open(i)
		if err != nil {
			continue
		}
		listed[i].Octets = onTheWire(listed[i].Octets, endsCRLF(f, listed[i].Octets))
		f.Close()
	}
}

// endsCRLF looks at the last two octets of a file of size octets.
func endsCRLF(f *os.File, size int64) bool {
	var tail [2]byte
	if size < int64(len(tail)) {
		return false
	}
	_, err := f.ReadAt(tail[:], size-int64(len(tail)))
	return err == nil && tail == [2]byte{'\r', '\n'}
}

// stored is f without its WriteTo, which would take a buffer for each message.
func stored(f *os.File, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, err
	}
	return struct{ io.ReadCloser }{f}, nil
}
