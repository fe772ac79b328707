package secret

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

const (
	maxSecret = 4096    // octets of a secret in a file
	maxOther  = 1 << 16 // octets of a secret from elsewhere, as tokens may be long
	maxNetrc  = 1 << 20 // octets of a netrc
)

var (
	errEmpty    = errors.New("it is empty")
	errRelative = errors.New("its path is not absolute")
	errLong     = errors.New("it is too long for a password")
	errBroken   = errors.New("it has a line break or a NUL in it")
)

// proper cuts one line end off, which echo and editors add, and refuses what
// no password is.
func proper(s Secret) (Secret, error) {
	text := strings.TrimSuffix(strings.TrimSuffix(s.Reveal(), "\n"), "\r")
	switch {
	case text == "":
		return Secret{}, errEmpty
	case len(text) > maxOther:
		return Secret{}, errLong
	case strings.ContainsAny(text, "\x00\r\n"):
		return Secret{}, errBroken
	}
	return New(text), nil
}

// firstLine returns the secret in the first line of a file's or a command's
// octets. Windows editors put a byte order mark before it.
func firstLine(octets []byte, most int) (Secret, error) {
	if bytes.HasPrefix(octets, []byte("\xff\xfe")) || bytes.HasPrefix(octets, []byte("\xfe\xff")) {
		return Secret{}, advise(errors.New("it is in UTF-16"), "save it as UTF-8")
	}
	line, _, _ := bytes.Cut(bytes.TrimPrefix(octets, []byte("\ufeff")), []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(octets) == 0:
		return Secret{}, errEmpty
	case len(line) == 0:
		return Secret{}, errors.New("its first line is empty")
	case len(line) > most:
		return Secret{}, fmt.Errorf("its first line has more than %d octets", most)
	}
	return proper(New(string(line)))
}

// readFile returns the secret in the first line of a file that may has no
// objection to.
func readFile(path string, may permission) (Secret, error) {
	f, err := openFile(path, may)
	if err != nil {
		return Secret{}, err
	}
	defer f.Close()
	octets, err := readAll(f, maxSecret+len("\ufeff\r\n"))
	if err != nil {
		return Secret{}, err
	}
	return firstLine(octets, maxSecret)
}

// readAll reads at most that many octets.
func readAll(f *os.File, most int) ([]byte, error) {
	octets, err := io.ReadAll(io.LimitReader(f, int64(most)))
	return octets, reason(err)
}

// A permission objects to who may read or write a file. It is asked about the
// file that was opened, so that none can be put in its place in between.
type permission func(path string, opened fs.FileInfo) error

// openFile opens a regular file, also by a link, if may has no objection. It
// does not wait for whoever writes into a fifo.
func openFile(path string, may permission) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|withoutWaiting, 0)
	if err != nil {
		return nil, reason(err)
	}
	opened, err := f.Stat()
	switch {
	case err != nil:
		err = reason(err)
	case !opened.Mode().IsRegular():
		err = advise(errors.New("it is no regular file"), "a pipe or a device can be given with --password-stdin or --password-fd")
	default:
		err = may(path, opened)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// reason is an error without the path, which the source has said.
func reason(err error) error {
	if named := (*fs.PathError)(nil); errors.As(err, &named) {
		return named.Err
	}
	return err
}

// absent reports whether an error says that there is no file, or that this
// program may not even see whether there is: a service may be kept from homes.
func absent(path string, err error) bool {
	if errors.Is(err, fs.ErrPermission) {
		_, err = os.Lstat(path)
		return errors.Is(err, fs.ErrPermission)
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
