package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
)

// ErrChanged is a file that somebody else changed meanwhile.
var ErrChanged = errors.New("somebody else has changed the file meanwhile")

// Replace puts after in place of before in the file at path, if after is right
// and before is still what the file has: else the error is an [*Errors] or
// ErrChanged, and the file is as it was. A file that is not there is made, with
// before nil, and read by its owner alone. A link stays one.
func Replace(path string, before, after []byte, o Options) error {
	place, err := placeOf(path)
	if err != nil {
		return err
	}
	unlock, err := lock(place)
	if err != nil {
		return fmt.Errorf("config %s: %w", path, cause(err))
	}
	defer unlock()
	mode := fs.FileMode(0o600)
	text, found, err := load(place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text = nil
	case err != nil:
		return err
	default:
		mode = found.Perm()
	}
	if !bytes.Equal(text, before) {
		return fmt.Errorf("config %s: %w", path, ErrChanged)
	}
	open := mode&0o077 != 0 && runtime.GOOS != "windows" // which has no such modes
	if _, err := parse(path, after, reader{options: o, open: open, mode: mode}); err != nil {
		return err
	}
	return put(path, place, after, mode)
}

// placeOf is a file's own path: a link, as people have who keep such files
// elsewhere, must stay one.
func placeOf(path string) (string, error) {
	place, err := filepath.EvalSymlinks(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return path, nil
	case err != nil:
		return "", fmt.Errorf("config %s: %w", path, cause(err))
	}
	return place, nil
}

// lockLimit is how long another popherd may take to change the file.
const lockLimit = 10 * time.Second

// lock has one popherd at a time change the file. The lock's own file stays: to
// remove it would let two lock two files of one name.
func lock(place string) (unlock func(), err error) {
	folder, name := filepath.Split(place)
	if err := os.MkdirAll(filepath.Clean(folder+"."), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Join(folder, "."+name+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lockLimit)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := atomicfile.Flock(f)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, atomicfile.ErrLocked) {
			return nil, errors.Join(err, f.Close())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, errors.Join(err, f.Close())
		}
	}
}

// put writes the file, whole or not at all. The lock is held: nobody else
// uses the draft's name, and what a crash left of it can go.
func put(path, place string, text []byte, mode fs.FileMode) error {
	const draft = ".popherd-new"
	err := os.Remove(place + draft)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err == nil {
		err = atomicfile.Write(atomicfile.OS{}, place, draft, mode, func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("config %s: %w", path, err)
	}
	return nil
}
