package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// A PlaceError is a folder that a script may not write to.
type PlaceError struct{ Folder string }

// Error implements error.
func (e *PlaceError) Error() string {
	return fmt.Sprintf("folder %q: the script may not write there", e.Folder)
}

// Kind is "policy", under which scripts and exit statuses know it.
func (e *PlaceError) Kind() string { return "policy" }

// Hint says which flag would allow it.
func (e *PlaceError) Hint() string { return "allow it with --allow-write=" + e.Folder }

// maxNumbered bounds how many files may share a name.
const maxNumbered = 10_000

// Save returns what writes files for a script: into one of the folders, named
// as the command line names it, and never over a file that is there. The name
// is the one suggested, or that with a number; no name leads out of the folder.
func Save(folders []string) func(folder, suggested string, octets []byte) (string, error) {
	return func(folder, suggested string, octets []byte) (string, error) {
		if !slices.Contains(folders, folder) {
			return "", &PlaceError{folder}
		}
		root, err := os.OpenRoot(folder)
		if err != nil {
			return "", fileError(folder, err)
		}
		defer root.Close()
		for n := range maxNumbered {
			name := numbered(suggested, n)
			file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				continue
			}
			if err == nil {
				err = fill(file, octets)
			}
			if err != nil {
				return "", errors.Join(fileError(folder+"/"+name, err), remove(root, file, name))
			}
			return name, nil
		}
		return "", fileError(folder+"/"+suggested, errors.New("too many files are called so"))
	}
}

// fill writes a file so that it lasts.
func fill(file *os.File, octets []byte) error {
	_, err := file.Write(octets)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// remove takes a file away that could not be written whole.
func remove(root *os.Root, file *os.File, name string) error {
	if file == nil {
		return nil
	}
	return root.Remove(name)
}

// numbered is a name, or from the second on with a number before its ending.
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	ending := path.Ext(name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ending), n+1, ending)
}
