package deliver

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/maildir"
)

// openMaildir opens a Maildir, made if there is none: mode 0700, in a folder
// that is there. Flags and renames of readers do not hide a delivery, since its
// id stands in the part of the name that they keep.
func openMaildir(ctx context.Context, spec Spec, o Options) (store, error) {
	dir := spec.Path
	if err := makeMaildir(o.FS, dir); err != nil {
		return nil, err
	}
	fresh, seen := filepath.Join(dir, "new"), filepath.Join(dir, "cur")
	s := &files{o: o, layout: layout{
		tmp: filepath.Join(dir, "tmp"), final: fresh,
		indexed: []string{fresh, seen}, // in the order in which messages move
		name:    maildir.Name, id: maildir.ID,
	}}
	return s, s.start(ctx)
}

func makeMaildir(fsys atomicfile.FS, dir string) error {
	made, err := makeDir(fsys, dir)
	if err != nil {
		return err
	}
	parts := []string{"tmp", "new", "cur"}
	if !made {
		if err := checkMaildir(fsys, dir, parts); err != nil {
			return err
		}
	}
	for _, part := range parts {
		if _, err := makeDir(fsys, filepath.Join(dir, part)); err != nil {
			return err
		}
	}
	return nil
}

// makeDir makes a folder, so that it lasts, if it is not there.
func makeDir(fsys atomicfile.FS, dir string) (made bool, err error) {
	info, err := fsys.Stat(dir)
	if err == nil && !info.IsDir() {
		return false, fmt.Errorf("%q is not a folder", dir)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := fsys.Mkdir(dir, 0o700); errors.Is(err, fs.ErrExist) {
		return false, nil // by somebody else, just now
	} else if err != nil {
		return false, err
	}
	return true, fsys.SyncDir(filepath.Dir(dir))
}

// checkMaildir keeps a slip from making a Maildir of somebody's home.
func checkMaildir(fsys atomicfile.FS, dir string, parts []string) error {
	count, ours := 0, 0
	err := fsys.Names(dir, func(names []string) {
		count += len(names)
		for _, name := range names {
			if slices.Contains(parts, name) {
				ours++
			}
		}
	})
	if err == nil && count > 0 && ours == 0 {
		return fmt.Errorf("folder %q is no Maildir, and not empty: name a Maildir, or a new folder", dir)
	}
	return err
}
