package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// maxSize is far more than anybody writes, in octets.
const maxSize = 4 << 20

// Options say what a file may refer to. The zero value has no variables and no
// home.
type Options struct {
	Getenv func(string) string // for ${NAME}
	Home   string              // for ~/, absolute
}

// Read reads the file at path. Errors are [*Errors] where the content is at
// fault; a file that is not there is fs.ErrNotExist. A file that holds a secret
// and that others can read is refused.
func Read(path string, o Options) (*Config, error) {
	text, mode, err := load(path)
	if err != nil {
		return nil, err
	}
	if mode.IsRegular() && mode.Perm()&0o002 != 0 && runtime.GOOS != "windows" {
		return nil, failed(path, "can be changed by everybody, who could have popherd run commands and send passwords elsewhere", "chmod 600 "+path)
	}
	open := mode.IsRegular() && mode.Perm()&0o077 != 0 && runtime.GOOS != "windows" // which has no such modes
	return parse(path, text, reader{options: o, open: open, mode: mode.Perm()})
}

// Parse reads text as the content of a file called name, which says where
// relative paths begin. Errors are [*Errors].
func Parse(name string, text []byte, o Options) (*Config, error) {
	return parse(name, text, reader{options: o})
}

// load returns what is in a file, and its mode.
func load(path string) ([]byte, fs.FileMode, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("config %s: %w", path, cause(err))
	}
	defer f.Close()
	stat, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("config %s: %w", path, cause(err))
	}
	if stat.IsDir() {
		return nil, 0, failed(path, "is a folder, not a file", "name the file in it")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, 0, fmt.Errorf("config %s: %w", path, cause(err))
	}
	return text, stat.Mode(), nil
}

// cause drops the operation and the path that errors of package os repeat.
func cause(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// failed is a fault of the whole file.
func failed(path, reason, advice string) error {
	return &Errors{List: []*Error{{Path: path, Reason: reason, Advice: advice}}}
}

// parse is Parse with a reader that was told what else to do.
func parse(name string, text []byte, r reader) (*Config, error) {
	text, err := checkText(name, text)
	if err != nil {
		return nil, err
	}
	root, comments, err := newTree(name, text)
	if err != nil {
		return nil, err
	}
	base, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("config %s: %w", name, err)
	}
	r.name, r.text, r.comments, r.base = name, text, comments, filepath.Dir(base)
	c := r.config(root)
	c.Path = base
	if err := r.faults(root); err != nil {
		return nil, err
	}
	return c, nil
}
