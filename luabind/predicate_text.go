package luabind

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What of a message is compared with texts.
const (
	textFrom    = "from"
	textTo      = "to" // To and Cc
	textSubject = "subject"
	textHeader  = "header"
	textBody    = "text"
)

// Lowered keeps texts of a message in lower case, since each rule of a file
// asks for them.
type lowered struct {
	from, subject       string
	to                  []string // of To and Cc, an address each
	hasFrom, hasSubject bool
	hasTo               bool
}

// lowered returns what is kept, made when first asked for.
func (m *messageObject) lowered() *lowered {
	if m.lower == nil {
		m.lower = &lowered{}
	}
	return m.lower
}

// lowerFrom is tostring(msg.from) in lower case.
func (q *question) lowerFrom() string {
	low := q.m.lowered()
	if !low.hasFrom {
		low.from, low.hasFrom = mapRunes(q.m.sender(q.L, textFrom).address.String(), unicode.ToLower), true
	}
	return low.from
}

// lowerSubject is msg.subject in lower case.
func (q *question) lowerSubject() string {
	low := q.m.lowered()
	if !low.hasSubject {
		low.subject, low.hasSubject = mapRunes(q.m.subject(q.L), unicode.ToLower), true
	}
	return low.subject
}

// lowerTo are the addresses of To and Cc in lower case.
func (q *question) lowerTo() []string {
	low := q.m.lowered()
	if !low.hasTo {
		low.to = q.recipients()
		for i := range low.to {
			low.to[i] = mapRunes(low.to[i], unicode.ToLower)
		}
		low.hasTo = true
	}
	return low.to
}

// recipients are the addresses of To and Cc.
func (q *question) recipients() []string {
	var texts []string
	header := q.m.header(q.L, textTo)
	for _, field := range []string{"To", "Cc"} {
		for _, address := range header.Addresses(field) {
			texts = append(texts, address.String())
		}
	}
	return texts
}

// A textLeaf holds when one of its texts is in a field, in any case. Without
// texts a header leaf holds when the field is there.
type textLeaf struct {
	field string // textFrom, textTo, textSubject or textHeader
	name  string // of textHeader
	texts []string
	lower []string // the same in lower case
}

func newTextLeaf(field, name string, texts []string) *textLeaf {
	l := &textLeaf{field: field, name: name, texts: texts}
	for _, text := range texts {
		l.lower = append(l.lower, lowerText(text))
	}
	return l
}

// String implements leaf.
func (l *textLeaf) String() string {
	args := l.texts
	if l.field == textHeader {
		args = append([]string{l.name}, args...)
	}
	return call(l.field, args...)
}

// call writes a call as in Lua.
func call(name string, args ...string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = luaQuote(arg)
	}
	return name + "(" + strings.Join(quoted, ", ") + ")"
}

// luaQuote writes a text as Lua reads it. What a terminal should not see is
// written as \ddd, octet by octet.
func luaQuote(s string) string {
	var text strings.Builder
	text.WriteByte('"')
	for i, n := 0, 0; i < len(s); i += n {
		var r rune
		r, n = utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '"' || r == '\\':
			text.WriteByte('\\')
			text.WriteRune(r)
		case r == utf8.RuneError && n == 1 || !unicode.IsPrint(r):
			for _, octet := range []byte(s[i : i+n]) {
				fmt.Fprintf(&text, "\\%03d", octet)
			}
		default:
			text.WriteRune(r)
		}
	}
	text.WriteByte('"')
	return text.String()
}

func (l *textLeaf) holds(q *question) bool {
	switch l.field {
	case textFrom:
		return containsAny(q.lowerFrom(), l.lower)
	case textSubject:
		return containsAny(q.lowerSubject(), l.lower)
	case textTo:
		return slices.ContainsFunc(q.lowerTo(), func(to string) bool { return containsAny(to, l.lower) })
	}
	if len(l.lower) == 0 {
		return q.m.header(q.L, textHeader).Has(l.name)
	}
	return slices.ContainsFunc(q.m.header(q.L, textHeader).Values(l.name), l.in)
}

// in reports whether a text is in the value of a field.
func (l *textLeaf) in(value string) bool {
	return containsAny(mapRunes(value, unicode.ToLower), l.lower)
}

func containsAny(s string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(s, part) {
			return true
		}
	}
	return false
}

func (l *textLeaf) found(q *question, _ bool) string {
	switch l.field {
	case textFrom:
		return "from " + shown(q.m.sender(q.L, textFrom).address.String())
	case textSubject:
		return "subject " + shown(q.m.subject(q.L))
	case textTo:
		return firstShown("to", q.recipients(), l.in)
	}
	return firstShown("header "+l.name, q.m.header(q.L, textHeader).Values(l.name), l.in)
}

// firstShown shows the first value that is in, else the first; "" of none.
func firstShown(what string, values []string, in func(string) bool) string {
	if len(values) == 0 {
		return ""
	}
	return what + " " + shown(values[max(0, slices.IndexFunc(values, in))])
}

// shown quotes what a stranger wrote for one line of a report.
func shown(s string) string {
	const most = 80
	if len(s) > most {
		end := most
		for end > 0 && !utf8.RuneStart(s[end]) {
			end--
		}
		s = s[:end] + "..."
	}
	return strconv.Quote(s)
}
