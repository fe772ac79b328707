package maildrop

import (
	"errors"
	"fmt"
	"io"

	"github.com/popherd/popherd/internal/mbox"
	"github.com/popherd/popherd/pop3/pop3server"
)

// mboxDrop is one mbox file.
type mboxDrop struct {
	file   *mbox.File
	listed []pop3server.Message
}

func listMbox(path string, quoting mbox.Quoting) (drop, error) {
	file, err := mbox.Open(path, quoting)
	var bad *mbox.FormatError
	if errors.As(err, &bad) {
		return nil, &Error{Path: path, Reason: fmt.Sprintf("offset %d: %s", bad.Offset, bad.Reason), kind: ErrNotMaildrop, cause: err}
	}
	if err != nil {
		return nil, unreadable(path, err)
	}
	ids := newUniqueIDs(len(file.Messages))
	listed := make([]pop3server.Message, len(file.Messages))
	for i, m := range file.Messages {
		listed[i] = pop3server.Message{Octets: onTheWire(m.Octets, m.CRLF), UniqueID: ids.of(fmt.Sprintf("%x", m.Sum))}
	}
	return &mboxDrop{file, listed}, nil
}

func (d *mboxDrop) messages() []pop3server.Message { return d.listed }

func (d *mboxDrop) open(index int) (io.ReadCloser, error) { return d.file.Open(index) }

// current saves reading a large file for each session.
func (d *mboxDrop) current() bool { return d.file.Current() }
