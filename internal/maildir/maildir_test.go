package maildir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// build makes a Maildir in which each file holds its own path.
func build(t testing.TB, files ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range files {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func list(t testing.TB, dir string) []Message {
	t.Helper()
	all, err := List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func names(all []Message) []string {
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	return names
}

func read(t testing.TB, dir string, m Message) string {
	t.Helper()
	f, err := Open(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	octets, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(octets)
}

func TestListIsOrderedByDelivery(t *testing.T) {
	dir := build(t,
		"cur/1000000000.b.host:2,S",
		"new/999999999.z.host",
		"cur/1000000000.a.host:2,FRS",
		"new/1000000001.a.host",
		"cur/00000000002.a.host:2,",
		"new/99999999999999999999999999.a.host",
		"cur/draft-of-a-letter:2,D",
		"cur/another",
		"tmp/1.tmp.host",
		"cur/.hidden",
		"new/.nfs0001",
	)
	if err := os.Mkdir(filepath.Join(dir, "cur", "5.folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "cur", "6.dangling")); err != nil {
		t.Fatal(err)
	}
	all := list(t, dir)
	want := []string{
		"00000000002.a.host", "999999999.z.host", "1000000000.a.host", "1000000000.b.host", "1000000001.a.host",
		"99999999999999999999999999.a.host", "another", "draft-of-a-letter",
	}
	if got := names(all); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, m := range all {
		if got := read(t, dir, m); got != m.file || int64(len(got)) != m.Octets {
			t.Errorf("message %s holds %q, of %d octets", m.Name, got, m.Octets)
		}
	}
}

func TestUniqueName(t *testing.T) {
	for file, want := range map[string]string{
		"1.M2P3.host":              "1.M2P3.host",
		"1.M2P3.host:2,":           "1.M2P3.host",
		"1.M2P3.host:2,FS":         "1.M2P3.host",
		"1.M2P3.host:1,x":          "1.M2P3.host",
		"1.M2P3.host,S=12,W=13:2,": "1.M2P3.host,S=12,W=13",
		"1.M2P3.host;2,S":          "1.M2P3.host",
		"1.M2P3.host!2,S":          "1.M2P3.host",
		"1.a;b!c.host":             "1.a;b!c.host",
		"1.M2P3.host\\0722:2,S":    "1.M2P3.host\\0722",
	} {
		if got := UniqueName(file); got != want {
			t.Errorf("UniqueName(%q) = %q, want %q", file, got, want)
		}
	}
}

func TestOneFolderIsEnough(t *testing.T) {
	dir := t.TempDir()
	if Is(dir) {
		t.Error("an empty folder is taken for a Maildir")
	}
	if err := os.MkdirAll(filepath.Join(dir, "new"), 0o700); err != nil {
		t.Fatal(err)
	}
	if !Is(dir) {
		t.Error("a folder with new is not taken for a Maildir")
	}
	if got := list(t, dir); len(got) != 0 {
		t.Errorf("got %v, want no message", got)
	}
}

func TestAMovedMessageIsFound(t *testing.T) {
	dir := build(t, "new/1.a", "cur/2.b:2,")
	all := list(t, dir)
	move := func(from, to string) {
		t.Helper()
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	move("new/1.a", "cur/1.a:2,S")
	move("cur/2.b:2,", "cur/2.b:2,FS")
	for i, want := range []string{"new/1.a", "cur/2.b:2,"} {
		if got := read(t, dir, all[i]); got != want {
			t.Errorf("message %d: got %q, want %q", i, got, want)
		}
	}
	if err := os.Remove(filepath.Join(dir, "cur/1.a:2,S")); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, all[0]); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a removed message: got error %v, want %v", err, fs.ErrNotExist)
	}
}

func BenchmarkList(b *testing.B) {
	const count = 10_000
	dir := build(b)
	for i := range count {
		file := filepath.Join(dir, "cur", fmt.Sprintf("%d.M%dP1.host:2,S", 1e9+i, i))
		if err := os.WriteFile(file, []byte("Subject: x\r\n\r\n"), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := list(b, dir); len(got) != count {
			b.Fatal(len(got))
		}
	}
}
