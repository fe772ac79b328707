package secret

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile puts a secret into a file that only the user can read: of mode
// 0600, in a folder that is made with mode 0700 if it is missing. The file is
// whole or not there, and lasts when WriteFile returns. A link in its place is
// replaced, not followed. Refused is what Find would not take from the file.
func WriteFile(path string, s Secret) error {
	if err := write(path, s); err != nil {
		return fmt.Errorf("file %q: %w", path, err)
	}
	return nil
}

func write(path string, s Secret) error {
	kept, err := firstLine([]byte(s.Reveal()), maxSecret)
	if err != nil {
		return err
	}
	if kept != s {
		return errBroken
	}
	if !filepath.IsAbs(path) {
		return errRelative
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dir, ".secret-*") // of mode 0600, and new
	if err != nil {
		return err
	}
	if err := finish(draft, path, s); err != nil {
		return errors.Join(err, os.Remove(draft.Name()))
	}
	return syncFolder(dir)
}

// finish writes a draft and puts it in place. Some file systems have no modes:
// there everybody could read it.
func finish(draft *os.File, path string, s Secret) error {
	empty, err := draft.Stat()
	if err == nil {
		err = ours(path, empty)
	}
	if err == nil {
		_, err = draft.WriteString(s.Reveal() + "\n")
	}
	if err == nil {
		err = draft.Sync()
	}
	if err := errors.Join(err, draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
