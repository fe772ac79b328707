// Package scripts holds the Lua rules that popherd ships, embedded, for
// `popherd run @older-than -- 30`. Each opens with its name and arguments, what
// it does, and an example.
package scripts

import (
	"bytes"
	"embed"
	"io/fs"
	"strings"
)

//go:embed *.lua
var files embed.FS

// FS has the scripts as files, for those who require one.
func FS() fs.FS { return files }

// A Script is one of the scripts.
type Script struct {
	Name    string // "older-than"
	Usage   string // "older-than DAYS"
	Summary string // what it does, in a sentence
	Source  []byte
}

// All returns the scripts, by name.
func All() []Script {
	names, _ := fs.Glob(files, "*.lua") // the pattern is well-formed
	all := make([]Script, 0, len(names))
	for _, name := range names {
		source, err := files.ReadFile(name)
		if err == nil {
			all = append(all, newScript(strings.TrimSuffix(name, ".lua"), source))
		}
	}
	return all
}

// newScript reads usage and summary from the first two lines.
func newScript(name string, source []byte) Script {
	usage, rest, _ := bytes.Cut(source, []byte("\n"))
	summary, _, _ := bytes.Cut(rest, []byte("\n"))
	return Script{
		Name:    name,
		Usage:   strings.TrimPrefix(string(usage), "-- "),
		Summary: strings.TrimPrefix(string(summary), "-- "),
		Source:  source,
	}
}
