package script

import (
	"io/fs"
	"strings"
	"testing"
)

// FuzzRequire gives require names of all kinds: what it looks for is inside
// the folder, whatever the name.
func FuzzRequire(f *testing.F) {
	for _, name := range []string{"lib", "a.b", "../x", "/etc/passwd", "a..b", ".", "", "a/b", "a\\b", "\x00", "a.b.", "con", "é", strings.Repeat("a.", 200)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		folder := &recorder{}
		l := &library{folders: []fs.FS{folder}}
		if _, _, err := l.find(name); err == nil {
			t.Fatalf("%q was found in an empty folder", name)
		}
		for _, opened := range folder.opened {
			if !fs.ValidPath(opened) || strings.Contains(opened, "..") || strings.ContainsAny(opened, "\\:\x00") || !strings.HasSuffix(opened, ".lua") {
				t.Errorf("%q makes require open %q", name, opened)
			}
		}
	})
}

// A recorder is an empty folder that remembers what was looked for.
type recorder struct{ opened []string }

func (r *recorder) Open(name string) (fs.File, error) {
	r.opened = append(r.opened, name)
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
