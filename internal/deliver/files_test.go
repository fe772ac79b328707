package deliver_test

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/deliver/delivertest"
	"github.com/popherd/popherd/internal/maildir"
	"github.com/popherd/popherd/internal/mbox"
)

const corpusSize = 236

// corpus reads the mail that the local maildrop is tested with.
func corpus(t testing.TB) [][]byte {
	t.Helper()
	var all [][]byte
	err := filepath.WalkDir("../maildrop/testdata/mail", func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err != nil || d.IsDir() || ext != ".eml" && ext != ".msg" {
			return err
		}
		octets, err := os.ReadFile(path)
		all = append(all, octets)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != corpusSize {
		t.Fatalf("%d messages, want %d", len(all), corpusSize)
	}
	return all
}

func inMaildir() delivertest.Place {
	return delivertest.Place{
		Files: true,
		Spec:  func(_ *testing.T, dir string) string { return "maildir:" + filepath.Join(dir, "Maildir") },
		Stored: func(t *testing.T, dir string) [][]byte {
			dir = filepath.Join(dir, "Maildir")
			list, err := maildir.List(dir)
			if err != nil {
				t.Fatal(err)
			}
			var all [][]byte
			for _, m := range list {
				f, err := maildir.Open(dir, m)
				if err != nil {
					t.Fatal(err)
				}
				octets, err := io.ReadAll(f)
				f.Close()
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, octets)
			}
			return all
		},
	}
}

func inFiles() delivertest.Place {
	return delivertest.Place{
		Files: true,
		Spec:  func(_ *testing.T, dir string) string { return "eml:" + filepath.Join(dir, "mail") },
		Stored: func(t *testing.T, dir string) [][]byte {
			paths, err := filepath.Glob(filepath.Join(dir, "mail", "[^.]*.eml"))
			if err != nil {
				t.Fatal(err)
			}
			var all [][]byte
			for _, path := range paths {
				octets, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, octets)
			}
			return all
		},
	}
}

func inMbox() delivertest.Place {
	return delivertest.Place{
		Files: true,
		Spec:  func(_ *testing.T, dir string) string { return "mbox:" + filepath.Join(dir, "inbox") },
		Form:  withLineEnd,
		Stored: func(t *testing.T, dir string) [][]byte {
			f, err := mbox.Open(filepath.Join(dir, "inbox"), mbox.RD)
			if os.IsNotExist(err) {
				return nil
			}
			if err != nil {
				t.Fatal(err)
			}
			var all [][]byte
			for i := range f.Messages {
				r, err := f.Open(i)
				if err != nil {
					t.Fatal(err)
				}
				octets, err := io.ReadAll(r)
				r.Close()
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, octets)
			}
			return all
		},
	}
}

// withLineEnd is what an mbox makes of a message.
func withLineEnd(msg []byte) []byte {
	text := string(msg)
	switch {
	case text == "" || strings.HasSuffix(text, "\n"):
		return msg
	case strings.HasSuffix(text[:strings.LastIndexByte(text, '\n')+1], "\r\n") && !strings.HasSuffix(text, "\r"):
		return []byte(text + "\r\n")
	}
	return []byte(text + "\n")
}

func TestMaildir(t *testing.T) { delivertest.Run(t, inMaildir(), corpus(t)) }

func TestFiles(t *testing.T) { delivertest.Run(t, inFiles(), corpus(t)) }

func TestMbox(t *testing.T) { delivertest.Run(t, inMbox(), corpus(t)) }
