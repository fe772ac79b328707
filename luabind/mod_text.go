package luabind

import (
	"strings"
	"unicode"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// newText makes the module text, which takes strings for UTF-8. Octets that
// are not pass unchanged, save where text.clean replaces them.
func (b *binding) newText(L *lua.LState) *lua.LTable {
	return b.newModule(L, "text", map[string]lua.LGFunction{
		"lower":       mapText("text.lower", func(s string) string { return mapRunes(s, unicode.ToLower) }),
		"upper":       mapText("text.upper", func(s string) string { return mapRunes(s, unicode.ToUpper) }),
		"trim":        mapText("text.trim", strings.TrimSpace),
		"clean":       mapText("text.clean", cleanText),
		"len":         textLen,
		"width":       textWidth,
		"valid":       textValid,
		"starts_with": compareText("text.starts_with", "prefix", strings.HasPrefix),
		"ends_with":   compareText("text.ends_with", "suffix", strings.HasSuffix),
		"contains":    compareText("text.contains", "part", strings.Contains),
		"split":       textSplit,
		"lines":       b.textLines,
		"wrap":        textWrap,
	}, nil)
}

// mapText is a function from a string to another.
func mapText(call string, f func(string) string) lua.LGFunction {
	return func(L *lua.LState) int {
		p := positional{L, call}
		s := p.text(1, "s")
		result := f(s)
		p.mayHave(len(result), s)
		if len(result) < len(s)/2 {
			result = strings.Clone(result) // as piece does
		}
		return p.give(lua.LString(result))
	}
}

// mapRunes maps the characters of s one by one. strings.Map would replace
// octets that are not UTF-8.
func mapRunes(s string, f func(rune) rune) string {
	same := func(r rune) bool { return r == utf8.RuneError || f(r) == r }
	first := strings.IndexFunc(s, func(r rune) bool { return !same(r) })
	if first < 0 {
		return s
	}
	var out strings.Builder
	out.Grow(len(s))
	out.WriteString(s[:first])
	for rest := s[first:]; rest != ""; {
		r, n := utf8.DecodeRuneInString(rest)
		if same(r) {
			out.WriteString(rest[:n])
		} else {
			out.WriteRune(f(r))
		}
		rest = rest[n:]
	}
	return out.String()
}

// cleanText makes s fit for a terminal: valid UTF-8 without control and format
// characters, which include escape and those that turn the direction of text.
// Only line feeds and tabs stay.
func cleanText(s string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
			return -1
		}
		return r
	}, s)
}

// textLen is text.len(s).
func textLen(L *lua.LState) int {
	p := positional{L, "text.len"}
	return p.give(lua.LNumber(utf8.RuneCountInString(p.text(1, "s"))))
}

// textWidth is text.width(s).
func textWidth(L *lua.LState) int {
	p := positional{L, "text.width"}
	return p.give(lua.LNumber(width(p.text(1, "s"))))
}

// width is how many columns a terminal shows s in, as far as that can be told
// without its font.
func width(s string) (columns int) {
	for _, r := range s {
		switch {
		case r < 0x300:
			if !unicode.IsControl(r) {
				columns++
			}
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case unicode.In(r, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana),
			0x3000 <= r && r <= 0x303E, 0xFF01 <= r && r <= 0xFF60, 0xFFE0 <= r && r <= 0xFFE6, // forms of full width
			0x1F300 <= r && r <= 0x1F64F, 0x1F680 <= r && r <= 0x1F6FF, 0x1F900 <= r && r <= 0x1FAFF: // pictures
			columns += 2
		default:
			columns++
		}
	}
	return columns
}

// textValid is text.valid(s).
func textValid(L *lua.LState) int {
	p := positional{L, "text.valid"}
	return p.give(lua.LBool(utf8.ValidString(p.text(1, "s"))))
}

// compareText is a question about a string and another.
func compareText(call, name string, f func(s, other string) bool) lua.LGFunction {
	return func(L *lua.LState) int {
		p := positional{L, call}
		return p.give(lua.LBool(f(p.text(1, "s"), p.text(2, name))))
	}
}

// textSplit is text.split(s, sep [, n]).
func textSplit(L *lua.LState) int {
	p := positional{L, "text.split"}
	s, sep := p.text(1, "s"), p.text(2, "sep")
	if sep == "" {
		p.refuse("sep must not be empty")
	}
	most := p.countOr(3, "n", 1, len(s)+1)
	parts, start := p.newEntries(), 0
	for parts.count < most-1 {
		i := strings.Index(s[start:], sep)
		if i < 0 {
			break
		}
		parts.add(piece(s, start, start+i))
		start += i + len(sep)
	}
	parts.add(piece(s, start, len(s)))
	return p.give(parts.table)
}

// textLines is text.lines(s), for the for loop.
func (b *binding) textLines(L *lua.LState) int {
	p := positional{L, "text.lines"}
	s, start := p.text(1, "s"), 0
	return p.give(b.function(L, func(L *lua.LState) int {
		if start == len(s) {
			return 0
		}
		line, next := s[start:], len(s)
		if i := strings.IndexByte(line, '\n'); i >= 0 {
			line, next = strings.TrimSuffix(line[:i], "\r"), start+i+1
		}
		L.Push(piece(s, start, start+len(line)))
		start = next
		return 1
	}))
}

// textWrap is text.wrap(s, width).
func textWrap(L *lua.LState) int {
	p := positional{L, "text.wrap"}
	s := p.text(1, "s")
	columns := p.countOr(2, "width", 1, 0)
	if columns == 0 {
		p.refuse("width must be an integer of 1 or more, got nil")
	}
	return p.give(lua.LString(wrap(s, columns)))
}

// wrap breaks each line of s at blanks. The result is no longer than s: a
// break takes the place of blanks.
func wrap(s string, columns int) string {
	var out strings.Builder
	out.Grow(len(s))
	for line := range strings.SplitAfterSeq(s, "\n") {
		used, first := 0, true
		for word := range strings.FieldsFuncSeq(line, isBlank) {
			wide := width(word)
			switch {
			case first:
			case used+1+wide > columns:
				out.WriteByte('\n')
				used = 0
			default:
				out.WriteByte(' ')
				used++
			}
			out.WriteString(word)
			used += wide
			first = false
		}
		if strings.HasSuffix(line, "\n") {
			out.WriteByte('\n')
		}
	}
	return out.String()
}

// isBlank knows the blanks of ASCII: a no-break space does not break.
func isBlank(r rune) bool { return r == ' ' || '\t' <= r && r <= '\r' }
