package cli

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/script"
)

// required finds the modules that a script requires by a name that stands in it.
var required = regexp.MustCompile(`\brequire\s*\(?\s*(?:["']|\[=*\[)([A-Za-z0-9_.-]+)`)

// modulesMost bounds how many of them are followed.
const modulesMost = 100

// modules are the texts of the modules that a job's script requires, and of
// those that they do, by file: a change of one changes what the job does.
// Those that popherd ships change with popherd.
func modules(j config.Job, source []byte) map[string]string {
	var folders []string
	if !strings.HasPrefix(j.Script, "@") {
		folders = append(folders, filepath.Dir(j.Script))
	}
	folders = append(folders, j.Policy.Lib...)
	found := map[string]string{}
	todo := [][]byte{source}
	for len(todo) > 0 && len(found) < modulesMost {
		for _, match := range required.FindAllSubmatch(todo[0], modulesMost) {
			file := strings.ReplaceAll(string(match[1]), ".", "/") + ".lua"
			if _, known := found[file]; known {
				continue
			}
			text := firstOf(folders, file)
			found[file] = string(text)
			todo = append(todo, text)
		}
		todo = todo[1:]
	}
	return found
}

// firstOf reads a file in the first of the folders that has it, as require does;
// nil if none has.
func firstOf(folders []string, file string) []byte {
	for _, folder := range folders {
		root, err := os.OpenRoot(folder)
		if err != nil {
			continue
		}
		text, err := readAt(root.FS(), file)
		root.Close()
		if err == nil {
			return text
		}
	}
	return nil
}

func readAt(folder fs.FS, file string) ([]byte, error) {
	f, err := folder.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, script.MaxSource))
}
