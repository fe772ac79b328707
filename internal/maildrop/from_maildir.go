package maildrop

import (
	"io"
	"os"

	"github.com/popherd/popherd/internal/maildir"
	"github.com/popherd/popherd/pop3/pop3server"
)

// maildirDrop is one Maildir.
type maildirDrop struct {
	path   string
	files  []maildir.Message
	listed []pop3server.Message
}

func listMaildir(path string) (drop, error) {
	files, err := maildir.List(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	d := &maildirDrop{path: path, files: files, listed: make([]pop3server.Message, len(files))}
	ids := newUniqueIDs(len(files))
	for i, m := range files {
		d.listed[i] = pop3server.Message{Octets: m.Octets, UniqueID: ids.of(m.Name)}
	}
	measure(d.listed, func(i int) (*os.File, error) { return maildir.Open(path, files[i]) })
	return d, nil
}

func (d *maildirDrop) messages() []pop3server.Message { return d.listed }

func (d *maildirDrop) open(index int) (io.ReadCloser, error) {
	return stored(maildir.Open(d.path, d.files[index]))
}

func (d *maildirDrop) current() bool { return false }
