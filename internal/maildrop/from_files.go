package maildrop

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/popherd/popherd/pop3/pop3server"
)

// filesDrop is a folder with one file for each message.
type filesDrop struct {
	path   string
	names  []string
	listed []pop3server.Message
}

// listFiles takes the .eml and .msg files of a folder, in the order of their
// names; not those of the folders in it, and no dotfiles.
func listFiles(path string) (drop, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	d := &filesDrop{path: path}
	ids := newUniqueIDs(len(entries))
	for _, entry := range entries {
		if !isMessage(entry.Name()) {
			continue
		}
		info, err := os.Stat(filepath.Join(path, entry.Name())) // follows links
		if errors.Is(err, fs.ErrNotExist) {
			continue // gone meanwhile, or a link to nowhere
		}
		if err != nil {
			return nil, unreadable(path, err)
		}
		if info.Mode().IsRegular() {
			d.names = append(d.names, entry.Name())
			id := ids.of(fmt.Sprintf("%s,S=%d", entry.Name(), info.Size()))
			d.listed = append(d.listed, pop3server.Message{Octets: info.Size(), UniqueID: id})
		}
	}
	if len(d.listed) == 0 {
		return nil, notMaildrop(path, empty(entries), remedy)
	}
	measure(d.listed, func(i int) (*os.File, error) { return os.Open(d.file(i)) })
	return d, nil
}

// isMessage goes by the extension, of any case.
func isMessage(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".eml", ".msg":
		return name[0] != '.'
	}
	return false
}

// empty says what a folder without messages is.
func empty(entries []os.DirEntry) string {
	if len(entries) == 0 {
		return "an empty folder"
	}
	return "a folder with neither cur or new nor .eml files"
}

func (d *filesDrop) file(index int) string { return filepath.Join(d.path, d.names[index]) }

func (d *filesDrop) messages() []pop3server.Message { return d.listed }

func (d *filesDrop) open(index int) (io.ReadCloser, error) { return stored(os.Open(d.file(index))) }

func (d *filesDrop) current() bool { return false }
