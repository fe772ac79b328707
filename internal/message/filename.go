package message

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// fileName makes a name that can be shown and stored out of one that a message
// gives: the last step of a path, without controls and marks that turn the
// direction of writing (they hide what ends in .exe), without dots and blanks
// at its ends, MaxName octets at most. It is "" if nothing is left.
func fileName(given string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r == '\\':
			return '/'
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case r == ':' || r == utf8.RuneError: // a drive, a stream of NTFS
			return '_'
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, given)
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = strings.Join(strings.Fields(name), " ")
	return shorten(strings.Trim(name, ". "))
}

// shorten cuts a name, but not its extension.
func shorten(name string) string {
	if len(name) <= MaxName {
		return name
	}
	const longest = 20
	extension := path.Ext(name)
	if len(extension) > longest {
		extension = ""
	}
	stem := clip([]byte(name[:len(name)-len(extension)]), MaxName-len(extension))
	return strings.TrimRight(string(stem), ". ") + extension
}
