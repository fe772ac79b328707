package house_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fault is one breach of a rule.
type fault struct {
	path string // of the file or folder, from the top
	text string
}

func (f fault) String() string { return f.path + ": " + f.text }

// tree is the project as the rules see it.
type tree struct {
	files map[string]string // text by path from the top; a folder's path ends with a slash
	code  []source          // the Go files among them, in order, without testdata
}

// source is one parsed Go file.
type source struct {
	path, dir string
	test      bool // a _test.go file
	lines     *token.File
	syntax    *ast.File
}

// line returns the line number of a position.
func (s source) line(pos token.Pos) int { return s.lines.Line(pos) }

// newTree parses the Go files. What .gitignore names at the top is no part of
// the tree. A file that does not parse is a fault and no part of it either.
func newTree(files map[string]string) (tree, []fault) {
	t := tree{files: map[string]string{}}
	var faults []fault
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if ignored(files[".gitignore"], name) {
			continue
		}
		t.files[name] = files[name]
		if !strings.HasSuffix(name, ".go") || strings.Contains("/"+name, "/testdata/") {
			continue
		}
		set := token.NewFileSet()
		syntax, err := parser.ParseFile(set, name, files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			faults = append(faults, fault{name, "does not parse: " + err.Error()})
			continue
		}
		t.code = append(t.code, source{
			path: name, dir: path.Dir(name), test: strings.HasSuffix(name, "_test.go"),
			lines: set.File(syntax.Pos()), syntax: syntax,
		})
	}
	return t, faults
}

// ignored reports whether a line of .gitignore names the path or one of its
// folders. It knows no more of that file's grammar than a short one needs.
func ignored(gitignore, name string) bool {
	for line := range strings.Lines(gitignore) {
		pattern := strings.Trim(strings.TrimSpace(line), "/")
		if pattern == "" || pattern[0] == '#' || pattern[0] == '!' {
			continue
		}
		for p := strings.TrimSuffix(name, "/"); p != "."; p = path.Dir(p) {
			subject := p
			if !strings.Contains(strings.TrimSpace(line), "/") {
				subject = path.Base(p)
			}
			if ok, _ := path.Match(pattern, subject); ok {
				return true
			}
		}
	}
	return false
}

// readTree reads the project from the disk. It reads the files itself, rather
// than asking the go command for them, so that the test cache sees each one:
// a cached pass would outlive the planting of a fault.
func readTree(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..")
	gitignore, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil || rel == "." {
			return err
		}
		name := filepath.ToSlash(rel)
		switch {
		case name == ".git" && d.IsDir(), d.IsDir() && ignored(string(gitignore), name):
			return filepath.SkipDir
		case d.IsDir():
			files[name+"/"] = ""
			return nil
		case ignored(string(gitignore), name), !d.Type().IsRegular():
			files[name] = ""
			return nil
		}
		text, err := os.ReadFile(p)
		files[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
