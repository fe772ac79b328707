package systemd

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// plain are the octets that mean themselves in a unit file.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@,+-"

// quote writes a word as systemd.syntax(7) reads it: in quotes where it has to
// be, and % as %%, which begins a specifier.
func quote(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(word) + `"`
}

// argument writes a word of a command line, where $ begins a variable.
func argument(word string) string { return strings.ReplaceAll(quote(word), "$", "$$") }

// program writes the path of the program of a command line, which systemd reads
// without variables, and refuses with quotes.
func program(file string) (string, error) {
	if err := checkPath("program", file); err != nil {
		return "", err
	}
	if strings.ContainsAny(file, `"'\`) {
		return "", &Error{fmt.Sprintf("program %q", file), "systemd takes no quotes and no \\ in its path", "install it elsewhere, as in /usr/local/bin"}
	}
	return quote(file), nil
}

// checkPath refuses what no unit file can hold.
func checkPath(what, file string) error {
	e := &Error{Object: fmt.Sprintf("%s %q", what, file), Advice: "give it another name"}
	switch {
	case !strings.HasPrefix(file, "/"):
		e.Reason, e.Advice = "not an absolute path", "write it from / on"
	case !utf8.ValidString(file) || strings.ContainsFunc(file, func(r rune) bool { return r < ' ' || r == 0x7f }):
		e.Reason = "systemd takes no such characters"
	default:
		return nil
	}
	return e
}

// Folders of which a confined service sees nothing, or others.
var (
	homes = []string{"/home", "/root", "/run/user"} // by ProtectHome=
	temps = []string{"/tmp", "/var/tmp"}            // by PrivateTmp=
)

// inside reports whether a path is one of the folders, or in it.
func inside(file string, folders []string) bool {
	file = path.Clean(file)
	return slices.ContainsFunc(folders, func(dir string) bool { return file == dir || strings.HasPrefix(file, dir+"/") })
}
