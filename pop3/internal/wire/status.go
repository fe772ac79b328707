package wire

import (
	"errors"
	"strings"
)

// A Status is a status line taken apart: its indicator, its response code
// (RFC 2449 §8) and the text for people.
type Status struct {
	OK   bool
	Code string // "IN-USE", "SYS/TEMP"; upper case; empty if there is none
	Text string
}

// ErrNoStatus is returned for a line that starts with neither indicator.
var ErrNoStatus = errors.New("wire: no status indicator")

// maxCode bounds a response code; RFC 3206's longest has 8 octets.
const maxCode = 64

// ParseStatus takes a status line apart. As poplib does, it takes any line
// that starts with "+" for positive; RFC 1939 knows only "+OK", but servers
// have sent "+ok" and "+". Likewise any case of "-ERR" is negative.
func ParseStatus(line string) (Status, error) {
	switch {
	case strings.HasPrefix(line, "+"):
		_, rest, _ := strings.Cut(line, " ")
		code, text := splitCode(rest)
		return Status{OK: true, Code: code, Text: text}, nil
	case len(line) >= 4 && strings.EqualFold(line[:4], "-ERR"):
		code, text := splitCode(strings.TrimLeft(line[4:], " "))
		return Status{Code: code, Text: text}, nil
	}
	return Status{}, ErrNoStatus
}

// splitCode cuts "[CODE] text". A bracket that holds no well-formed code is
// text.
func splitCode(s string) (code, text string) {
	inside, rest, ok := strings.Cut(strings.TrimPrefix(s, "["), "]")
	if !ok || !strings.HasPrefix(s, "[") || !validCode(inside) {
		return "", s
	}
	return strings.ToUpper(inside), strings.TrimPrefix(rest, " ")
}

// validCode reports whether s is 1*resp-level separated by "/": printable
// ASCII without blanks, brackets or an empty level.
func validCode(s string) bool {
	if s == "" || len(s) > maxCode {
		return false
	}
	for level := range strings.SplitSeq(s, "/") {
		if level == "" {
			return false
		}
	}
	return strings.IndexFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7F || c == '['
	}) < 0
}
