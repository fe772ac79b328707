package house_test

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// checkMap: the map names every room of internal/ that has code.
func checkMap(t tree) (faults []fault) {
	seen := map[string]bool{}
	for _, s := range t.code {
		room, inside := strings.CutPrefix(s.dir, "internal/")
		if inside && !seen[room] && !strings.Contains(t.files["internal/README.md"], "`internal/"+room+"`") {
			faults = append(faults, fault{"internal/README.md", "the map does not show " + s.dir})
		}
		seen[room] = true
	}
	return faults
}

// shapeless are the names of rooms without a purpose; no file has one.
var shapeless = []string{"common", "helper", "helpers", "misc", "util", "utils"}

// unused are words that this project does not use, because they say nothing
// or because it has another word for the thing. No package or type has one.
var unused = append([]string{
	"data", "info", "infos", "item", "items", "manager", "managers", "process", "processor",
	"fetch", "fetcher", "download", "downloader", // retrieve
	"folder", "folders", "mailbox", "mailboxes", // maildrop
}, shapeless...)

// checkTopLevel: beside go.mod stands what is prescribed and no more.
func checkTopLevel(t tree) (faults []fault) {
	seen := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		top, _, _ := strings.Cut(name, "/")
		if !seen[top] && !slices.Contains(topLevel, top) {
			faults = append(faults, fault{top, "does not belong at the top level"})
		}
		seen[top] = true
	}
	return faults
}

// checkFileNames: no file and no package goes by a name that says nothing.
func checkFileNames(t tree) (faults []fault) {
	badDirs := map[string]bool{}
	for _, s := range t.code {
		base := strings.TrimSuffix(path.Base(s.path), ".go")
		for word := range strings.FieldsFuncSeq(base, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if slices.Contains(shapeless, strings.ToLower(word)) {
				faults = append(faults, fault{s.path, fmt.Sprintf("a file is not named %q", word)})
			}
		}
		for _, name := range append(strings.Split(s.dir, "/"), s.syntax.Name.Name) {
			name = strings.TrimSuffix(name, "_test")
			if badPackage(name) && !badDirs[s.dir] {
				badDirs[s.dir] = true
				faults = append(faults, fault{s.dir, fmt.Sprintf("a package is not named %q", name)})
			}
		}
	}
	return faults
}

// badPackage knows "util" also at the end, as in "strutil".
func badPackage(name string) bool {
	return slices.Contains(unused, name) || slices.ContainsFunc(shapeless, func(w string) bool { return strings.HasSuffix(name, w) })
}

// checkTypeNames: no type has a word in its name that the project does not use.
func checkTypeNames(t tree) (faults []fault) {
	for _, s := range t.code {
		ast.Inspect(s.syntax, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			for _, word := range words(spec.Name.Name) {
				if slices.Contains(unused, word) {
					faults = append(faults, fault{s.path, fmt.Sprintf("line %d: type %s: %q is not a word here", s.line(spec.Pos()), spec.Name.Name, word)})
				}
			}
			return true
		})
	}
	return faults
}

// words splits a Go name into its words in lower case: UIDLData is uidl, data.
func words(name string) (list []string) {
	runes := []rune(name)
	start := 0
	for i := 1; i <= len(runes); i++ {
		ends := i == len(runes) || runes[i] == '_' ||
			unicode.IsUpper(runes[i]) && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if ends {
			list = append(list, strings.ToLower(strings.Trim(string(runes[start:i]), "_")))
			start = i
		}
	}
	return list
}

// elsewhere finds what is true of one machine only: the host of a package
// registry, a folder of its developer. The hosts are put together here, for
// this file is searched too.
var elsewhere = regexp.MustCompile(strings.Join([]string{
	`\b(?:proxy|sum)\.golang` + `\.org\b`, `\bgoproxy` + `\.\w+`, `\bpypi` + `\.org\b`, `\bfiles\.pythonhosted` + `\.org\b`,
	`\bregistry\.npmjs` + `\.org\b`, `\bcrates` + `\.io\b`, `\brubygems` + `\.org\b`, `\bartifactory` + `\b`,
	`(?m:^|[\s"'` + "`" + `(=:,])/(?:home|Users|root|work)` + `/[\w.]`, `\b[A-Z]:\\Users` + `\\\w`, `/go/pkg` + `/mod/`,
}, "|"))

// foreignMail are the endings of files that hold other people's mail, whose
// paths and hosts are not ours.
var foreignMail = []string{".eml", ".msg", ".mbox"}

// checkElsewhere: no file says where it was made.
func checkElsewhere(t tree) (faults []fault) {
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		text := t.files[name]
		if slices.Contains(foreignMail, path.Ext(name)) {
			continue
		}
		if at := elsewhere.FindStringIndex(text); at != nil {
			line := strings.Count(text[:at[0]], "\n") + 1
			faults = append(faults, fault{name, fmt.Sprintf("line %d: %q is true of one machine only", line, strings.TrimSpace(text[at[0]:at[1]]))})
		}
	}
	return faults
}
