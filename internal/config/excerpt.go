package config

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// An excerpt shows the value of a key only if the key is known to hold no
// secret: a misspelled "pasword" is as secret as the right one.

// elided stands for what an excerpt does not show.
const elided = "..."

// maxExcerpt is how wide an excerpt is at most, in characters.
const maxExcerpt = 100

// secretWords are in the names of keys whose values are not shown.
var secretWords = []string{"pass", "secret", "token"}

// isCommand reports whether a key is a notice's command, whose arguments may be
// the address of a hook, which is all that one needs to call it.
func isCommand(name string) bool { return name == "command" }

// tellsSecret reports whether a name, or a line, may be about a secret.
func tellsSecret(s string) bool {
	s = strings.ToLower(s)
	for _, word := range secretWords {
		if strings.Contains(s, word) {
			return true
		}
	}
	return false
}

// plain reports whether the value of a key can be shown.
func plain(n *node) bool {
	if isTarget(n) {
		return !tellsSecret(n.name)
	}
	_, known := examples[n.name]
	return known && !tellsSecret(n.name) && !isCommand(n.name)
}

// isTarget reports whether n is an entry of [targets], whose name is anybody's.
func isTarget(n *node) bool {
	return n.parent != nil && n.parent.name == "targets" && n.parent.parent != nil && n.parent.parent.parent == nil
}

// beginnings are those of a target, or a path that was meant for one. Anything else
// may be a password that came into the wrong table.
var beginnings = []string{"maildir:", "mbox:", "eml:", "smtp", "lmtp", "/", "~", "."}

// likePlace reports whether a value looks like a target.
func likePlace(value []byte) bool {
	text := strings.TrimLeft(string(value), "\"'")
	return slices.ContainsFunc(beginnings, func(p string) bool { return strings.HasPrefix(text, p) })
}

// shown reports whether the value of a key can be shown, as it is: a URL may
// hold a password, and so may the arguments of a command, and so may anything
// where a quotation mark too few has swallowed the next line.
func shown(text []byte, n *node) bool {
	if n.name == "" && n.parent != nil { // in a list
		return shown(text, n.parent)
	}
	for _, element := range n.children {
		if element.isTable() || element.kind == unstable.Array {
			return false
		}
	}
	value := text[n.at:n.end]
	url := bytes.Contains(value, []byte("://")) && bytes.ContainsRune(value, '@')
	swallowed := bytes.ContainsRune(value, '\n') || !isTarget(n) && bytes.ContainsRune(withoutZone(value), '=')
	return plain(n) && (!isTarget(n) || likePlace(value)) && !url && !swallowed && !tellsSecret(string(value)) && !bytes.Contains(value, []byte("pipe:"))
}

// withoutZone is a schedule less the zone that it may begin with.
func withoutZone(value []byte) []byte {
	for _, zone := range []string{"CRON_TZ=", "TZ="} {
		if rest, found := bytes.CutPrefix(bytes.TrimLeft(value, "\"'"), []byte(zone)); found {
			return rest
		}
	}
	return value
}

// secrets returns the places of values that are not shown.
func secrets(text []byte, n *node) (places []place) {
	for _, child := range n.children {
		if child.name != "" && bareOrQuoted(child.name) == quotedSecret {
			places = append(places, place{child.keyAt, child.keyEnd})
		}
		switch {
		case child.isTable() || child.kind == unstable.ArrayTable:
			places = append(places, secrets(text, child)...)
		case !shown(text, child):
			places = append(places, place{child.at, child.end})
		}
	}
	return places
}

func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

func lineEnd(text []byte, at int) int {
	if at >= len(text) {
		return len(text)
	}
	if length := bytes.IndexByte(text[at:], '\n'); length >= 0 {
		return at + length
	}
	return len(text)
}

// excerpt returns the line of at without what is hidden, and carets below what
// stands from at to end.
func excerpt(text []byte, at, end int, hidden, comments []place) string {
	start, stop := lineStart(text, at), lineEnd(text, at)
	var line strings.Builder
	from, to := -1, -1
	mark := func(i int) {
		if from < 0 && i >= at {
			from = utf8.RuneCountInString(line.String())
		}
		if to < 0 && i >= end {
			to = utf8.RuneCountInString(line.String())
		}
	}
	hidden, comments = crossing(hidden, start, stop), crossing(comments, start, stop)
	for i := start; i < stop; {
		if len(comments) > 0 && i >= comments[0].from {
			break
		}
		for len(hidden) > 0 && i >= hidden[0].to {
			hidden = hidden[1:]
		}
		if len(hidden) > 0 && i >= hidden[0].from {
			p := hidden[0]
			if at > i && at < p.to {
				at = i
			}
			mark(i)
			line.WriteString(elided)
			i = p.to
			continue
		}
		mark(i)
		r, size := utf8.DecodeRune(text[i:])
		line.WriteRune(printable(r))
		i += size
	}
	mark(max(at, end))
	return underlined(line.String(), from, to)
}

// crossing returns the places that have a part from start to stop, in order.
func crossing(places []place, start, stop int) (some []place) {
	for _, p := range places {
		if p.from < stop && p.to > start {
			some = append(some, p)
		}
	}
	slices.SortFunc(some, func(a, b place) int { return cmp.Compare(a.from, b.from) })
	return some
}

// printable replaces what would move the cursor.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// underlined puts carets below the characters from to of a line.
func underlined(line string, from, to int) string {
	characters := []rune(strings.TrimRight(line, " "))
	blank := len(characters) - len([]rune(strings.TrimLeft(string(characters), " ")))
	characters = characters[blank:]
	if len(characters) == 0 {
		return ""
	}
	from = min(max(from-blank, 0), len(characters))
	to = min(max(to-blank, from+1), max(len(characters), from+1))
	if cut := from - maxExcerpt/2; cut > 0 && len(characters) > maxExcerpt {
		characters = append([]rune(elided), characters[cut:]...)
		from, to = from-cut+len(elided), to-cut+len(elided)
	}
	if len(characters) > maxExcerpt {
		characters = append(characters[:maxExcerpt:maxExcerpt], []rune(elided)...)
		to = max(min(to, maxExcerpt), from+1)
	}
	return string(characters) + "\n" + strings.Repeat(" ", from) + strings.Repeat("^", to-from)
}

// lineExcerpt is an excerpt of a file that is not understood, whose broken
// expression begins at begin. It shows less: what is surely no secret.
func lineExcerpt(text []byte, begin, at, end int) string {
	start, stop := lineStart(text, at), lineEnd(text, at)
	if begin < start {
		return "" // in the middle of a value
	}
	line := string(bytes.TrimRight(text[start:stop], "\r"))
	show := visible(line, at-start)
	if show == "" {
		return ""
	}
	if rest := line[len(show):]; strings.TrimSpace(rest) != "" {
		line = strings.TrimRight(show, " \t") + " " + elided
	}
	at = min(at-start, len(line))
	return excerpt([]byte(line), at, max(at+1, end-start), nil, nil)
}

// visible returns the beginning of a line that is surely no secret. The line is
// wrong at the octet at.
func visible(line string, at int) string {
	word := strings.TrimLeft(line, " \t")
	indent := line[:len(line)-len(word)]
	if strings.HasPrefix(word, "[") {
		end := strings.IndexAny(word, "]= \t#")
		if end < 0 {
			return line
		}
		if word[end] == ']' {
			end = len(word) - len(strings.TrimLeft(word[end:], "]"))
		}
		return indent + word[:end]
	}
	name := word[:len(word)-len(strings.TrimLeft(word, bareOctets+"."))]
	last := name[strings.LastIndexByte(name, '.')+1:]
	example, known := examples[last]
	behind := strings.TrimLeft(word[len(name):], " \t")
	switch {
	case known && strings.HasPrefix(behind, "=") && example[0] != '{' && !isCommand(last) && !tellsSecret(line) && !strings.ContainsAny(line, "@#"):
		if strings.Count(line, "=") == 1 {
			return line
		}
		if right := line[:min(at, len(line))]; strings.Count(right, "=") == 1 {
			return right // what follows may be another key, whose value nobody knows
		}
		return line[:strings.IndexByte(line, '=')+1]
	case name != "" && strings.HasPrefix(behind, "="):
		return line[:len(line)-len(behind)+1]
	case known || name != "" && strings.HasPrefix(behind, ":"):
		return indent + name
	}
	return ""
}

// keyIn returns the last part of the key that a line begins with, if it is one
// of those without quotes.
func keyIn(line []byte) string {
	word := strings.TrimLeft(string(line[:lineEnd(line, 0)]), " \t")
	word = word[:len(word)-len(strings.TrimLeft(word, bareOctets+"."))]
	return word[strings.LastIndexByte(word, '.')+1:]
}
