package statuspage

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of foreign text, in characters.
const (
	cellLimit    = 200  // in a table
	messageLimit = 2000 // a paragraph of its own: why a run failed
)

// marksInRow is how many combining marks one letter may carry; more of them
// paint over the lines around.
const marksInRow = 4

// clean returns at most limit characters of text that does nothing to its
// surroundings: no controls, nothing that turns the direction of writing, no
// towers of marks. What was replaced is to be seen as U+FFFD, what was cut as
// an ellipsis. It looks at no more of the text than it returns.
func clean(text string, limit int) string {
	var b strings.Builder
	written, marks := 0, 0
	for _, r := range text {
		if written == limit {
			b.WriteRune('…')
			break
		}
		written++
		if !unicode.Is(unicode.M, r) {
			marks = 0
		} else if marks++; marks > marksInRow {
			continue
		}
		b.WriteRune(shown(r))
	}
	return strings.TrimSpace(b.String())
}

// shown is what stands for a character.
func shown(r rune) rune {
	switch {
	case r == '\n' || r == '\t' || r == '\r':
		return ' '
	case r == '\u200c' || r == '\u200d': // Persian and emoji need them
		return r
	case unicode.Is(unicode.Zs, r):
		return ' '
	case !unicode.IsPrint(r):
		return utf8.RuneError
	}
	return r
}

// nameable reports whether text can be a name: it is UTF-8 without a NUL. Not
// every database takes other text.
func nameable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }
