package mbox

import (
	"bytes"
	"slices"
	"strings"
)

const (
	weekdays = "Sun Mon Tue Wed Thu Fri Sat"
	months   = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
)

// quoteDepth returns how many ">" stand before "From " at the start of line,
// or -1 if the line starts otherwise.
func quoteDepth(line []byte) int {
	if line[0] != '>' && line[0] != 'F' { // nearly every line
		return -1
	}
	depth := 0
	for depth < len(line) && line[depth] == '>' {
		depth++
	}
	if !bytes.HasPrefix(line[depth:], []byte("From ")) {
		return -1
	}
	return depth
}

// maxPostmark bounds what is searched for a date; a body may be one line of
// megabytes.
const maxPostmark = 1024

// dated reports whether a "From " line has the date of a postmark.
func dated(line []byte) bool {
	if len(line) > maxPostmark {
		return false
	}
	words := bytes.Fields(line)
	for i, word := range words {
		if among(weekdays, bytes.TrimSuffix(word, []byte(","))) && date(words[i+1:]) {
			return true
		}
	}
	return false
}

// undated reports whether a "From " line is one of the postmarks without date.
func undated(line []byte) bool {
	if len(line) > maxPostmark {
		return false
	}
	word := bytes.TrimSpace(line[len("From "):])
	switch {
	case bytes.ContainsAny(word, " \t"):
		return false
	case len(word) == 0 || string(word) == "-":
		return true
	}
	return bytes.IndexByte(word, '@') >= 0
}

// date reports whether words begin with "Jan 2" or "2 Jan", and have a time
// and a year among the four that follow, in any order: writers put zones
// before, between and behind them.
func date(words [][]byte) bool {
	if len(words) < 4 {
		return false
	}
	a, b := words[0], words[1]
	if !(month(a) && number(b, 1, 2) || number(a, 1, 2) && month(b)) {
		return false
	}
	rest := words[2:min(len(words), 6)]
	return slices.ContainsFunc(rest, clock) && slices.ContainsFunc(rest, year)
}

func month(word []byte) bool { return among(months, word) }

// among reports whether word is one of the three-letter words of list.
func among(list string, word []byte) bool {
	return len(word) == 3 && strings.Contains(list, string(word))
}

func year(word []byte) bool { return number(word, 4, 4) }

// clock reports whether word is h:mm or hh:mm, with or without :ss.
func clock(word []byte) bool {
	parts := bytes.Split(word, []byte(":"))
	if len(parts) < 2 || len(parts) > 3 || !number(parts[0], 1, 2) {
		return false
	}
	for _, part := range parts[1:] {
		if !number(part, 2, 2) {
			return false
		}
	}
	return true
}

// number reports whether word is least to most decimal digits.
func number(word []byte, least, most int) bool {
	if len(word) < least || len(word) > most {
		return false
	}
	for _, c := range word {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// Dated reports whether a line that begins with "From " has a postmark's date.
func Dated(line []byte) bool { return dated(line) }
