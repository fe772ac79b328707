package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts a file in place of what may be at path. When it returns nil, the
// new content lasts; when it does not, path is as it was. The content is
// written to path with suffix added, which must not be there: the caller makes
// it one that nobody else uses, such as ".8f0c.tmp".
func Write(fsys FS, path, suffix string, perm fs.FileMode, content func(io.Writer) error) error {
	name := path + suffix
	f, err := fsys.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	err = fill(f, content)
	if err == nil {
		err = fsys.Rename(name, path)
	}
	if err != nil {
		return errors.Join(err, fsys.Remove(name))
	}
	if err := fsys.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("file %q is in place, but may not last: %w", path, err)
	}
	return nil
}

// fill writes, syncs and closes a new file.
func fill(f File, content func(io.Writer) error) error {
	w := bufio.NewWriterSize(f, 64<<10)
	err := content(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
