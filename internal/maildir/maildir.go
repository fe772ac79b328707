// Package maildir lists a Maildir and opens its messages, each found again by
// its unique name when another program has moved it, and says what a message
// that popherd delivers is called. It only reads: nothing is created, renamed
// or removed, tmp is never looked at.
package maildir

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Message is one file of a Maildir.
type Message struct {
	Name   string // unique name: the file's name without flags
	Octets int64  // size of the file
	file   string // relative to the Maildir, "cur/1.a:2,S"
}

// Is reports whether dir holds a folder cur or a folder new.
func Is(dir string) bool {
	return isDir(filepath.Join(dir, "cur")) || isDir(filepath.Join(dir, "new"))
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// List returns the messages in new and cur, by time of delivery and then by
// unique name; names that tell no time come last. Files whose names begin with
// a dot and what is not a regular file (or a link to one) are left out. One of
// the two folders may be missing. Errors are those of the file system.
func List(dir string) ([]Message, error) {
	var all []Message
	// A message moves from new to cur. In this order it cannot be missed,
	// and where it was moved meanwhile its old name is gone.
	for _, folder := range []string{"new", "cur"} {
		names, err := readNames(filepath.Join(dir, folder))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			all = append(all, Message{Name: UniqueName(name), file: filepath.Join(folder, name)})
		}
	}
	all, err := measure(dir, all)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, compare)
	return all, nil
}

// readNames returns the names in folder but dotfiles; none if there is no folder.
func readNames(folder string) ([]string, error) {
	d, err := os.Open(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(names, func(name string) bool { return name[0] == '.' }), nil
}

// measure fills in the sizes and drops what is gone or no message.
func measure(dir string, all []Message) ([]Message, error) {
	kept := all[:0]
	for _, m := range all {
		info, err := os.Stat(filepath.Join(dir, m.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if info.Mode().IsRegular() {
			m.Octets = info.Size()
			kept = append(kept, m)
		}
	}
	return kept, nil
}

// UniqueName returns the name of a file without its flags: what stands before
// the first ":", or before the last ";2," or "!2,", which are used where file
// names cannot hold a colon (mbsync, Python and others on Windows and vfat).
func UniqueName(file string) string {
	if name, _, ok := strings.Cut(file, ":"); ok {
		return name
	}
	for _, info := range []string{";2,", "!2,"} {
		if i := strings.LastIndex(file, info); i >= 0 {
			return file[:i]
		}
	}
	return file
}

// compare orders by the number a unique name begins with: seconds since 1970,
// of any length.
func compare(a, b Message) int {
	x, y := delivered(a.Name), delivered(b.Name)
	switch {
	case x == "" && y != "":
		return 1
	case x != "" && y == "":
		return -1
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(a.Name, b.Name), cmp.Compare(a.file, b.file))
}

// delivered returns the leading digits of name, without leading zeros but for
// the last digit.
func delivered(name string) string {
	end := strings.IndexFunc(name, func(c rune) bool { return c < '0' || c > '9' })
	if end < 0 {
		end = len(name)
	}
	digits := name[:end]
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits
}

// Open opens a message that List returned for dir; the caller closes the
// file. If it was moved (from new to cur, or to other flags), it is looked for
// by its unique name. A removed one is fs.ErrNotExist.
func Open(dir string, m Message) (*os.File, error) {
	f, err := os.Open(filepath.Join(dir, m.file))
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	for _, folder := range []string{"new", "cur"} {
		names, err := readNames(filepath.Join(dir, folder))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if UniqueName(name) == m.Name {
				return os.Open(filepath.Join(dir, folder, name))
			}
		}
	}
	return nil, fmt.Errorf("maildir %q: message %q: %w", dir, m.Name, fs.ErrNotExist)
}
