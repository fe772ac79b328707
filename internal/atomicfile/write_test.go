package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func content(text string, err error) func(io.Writer) error {
	return func(w io.Writer) error {
		_, failed := io.WriteString(w, text)
		return errors.Join(failed, err)
	}
}

func TestWriteReplacesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	wrong := errors.New("wrong")
	for _, step := range []struct {
		text string
		err  error
		want string
	}{{"one", nil, "one"}, {"half", wrong, "one"}, {"two", nil, "two"}} {
		if err := Write(OS{}, path, ".tmp", 0o600, content(step.text, step.err)); !errors.Is(err, step.err) {
			t.Errorf("%s: got error %v, want %v", step.text, err, step.err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != step.want {
			t.Errorf("%s: got %q, %v, want %q", step.text, got, err, step.want)
		}
		if _, err := os.Stat(path + ".tmp"); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the temporary file is there", step.text)
		}
	}
}

func TestLocksExclude(t *testing.T) {
	dir := t.TempDir()
	unlock, err := OS{}.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (OS{}).LockDir(dir); err != nil && !errors.Is(err, ErrLocked) {
		t.Errorf("got error %v, want %v", err, ErrLocked)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := OS{}.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}
