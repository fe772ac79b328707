package luabind

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/popherd/popherd/internal/message"
)

// What of a message is compared with texts.
const (
	textFrom    = "from"
	textTo      = "to" // To and Cc
	textCc      = "cc"
	textSubject = "subject"
	textHeader  = "header"
	textBody    = "text"
)

// Lowered keeps texts of a message in lower case, since each rule of a file
// asks for them.
type lowered struct {
	subject        string
	from, to       []lowerAddress // to is of To and Cc
	hasSubject     bool
	hasFrom, hasTo bool
}

// lowered returns what is kept, made when first asked for.
func (m *messageObject) lowered() *lowered {
	if m.lower == nil {
		m.lower = &lowered{}
	}
	return m.lower
}

// lowerFrom are the addresses of From in lower case.
func (q *question) lowerFrom() []lowerAddress {
	low := q.m.lowered()
	if !low.hasFrom {
		low.from, low.hasFrom = lowerAddresses(q.senders()), true
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
func (q *question) lowerTo() []lowerAddress {
	low := q.m.lowered()
	if !low.hasTo {
		low.to, low.hasTo = lowerAddresses(q.addresses("To", "Cc")), true
	}
	return low.to
}

// senders are the addresses of From, or of Sender if it has none: a message
// may have several authors (RFC 5322 section 3.6.2), and a rule is for each.
func (q *question) senders() []message.Address {
	if from := q.addresses("From"); len(from) > 0 {
		return from
	}
	return q.addresses("Sender")
}

// addresses are those of some fields.
func (q *question) addresses(fields ...string) []message.Address {
	header := q.m.header(q.L, fields[0])
	all := header.Addresses(fields[0])
	for _, field := range fields[1:] {
		all = append(all, header.Addresses(field)...)
	}
	return all
}

// A textLeaf holds when one of its texts is in a field, in any case, or names
// an address of it. Without texts a header leaf holds when the field is there.
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

// write implements leaf.
func (l *textLeaf) write(text *limited) {
	args := l.texts
	if l.field == textHeader {
		args = append([]string{l.name}, args...)
	}
	text.call(l.field, args...)
}

// call writes a call as in Lua.
func (w *limited) call(name string, args ...string) {
	w.WriteString(name + "(")
	for i, arg := range args {
		if w.full() {
			return
		}
		if i > 0 {
			w.WriteString(", ")
		}
		w.WriteString(luaQuote(arg[:min(len(arg), w.most+1)]))
	}
	w.WriteByte(')')
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

// judge implements leaf.
func (l *textLeaf) judge(q *question) truth {
	switch l.field {
	case textFrom:
		return truthOf(slices.ContainsFunc(q.lowerFrom(), l.names))
	case textSubject:
		return truthOf(containsAny(q.lowerSubject(), l.lower))
	case textTo:
		return truthOf(slices.ContainsFunc(q.lowerTo(), l.names))
	}
	if len(l.lower) == 0 {
		return truthOf(q.m.header(q.L, textHeader).Has(l.name))
	}
	return truthOf(slices.ContainsFunc(q.m.header(q.L, textHeader).Values(l.name), l.in))
}

// names reports whether a text is that of an address.
func (l *textLeaf) names(a lowerAddress) bool { return slices.ContainsFunc(l.lower, a.is) }

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

// found implements leaf.
func (l *textLeaf) found(q *question, _ truth) string {
	switch l.field {
	case textFrom:
		return l.foundAddress(q.senders(), q.lowerFrom())
	case textSubject:
		return "subject " + shown(q.m.subject(q.L))
	case textTo:
		return l.foundAddress(q.addresses("To", "Cc"), q.lowerTo())
	}
	return firstShown("header "+l.name, q.m.header(q.L, textHeader).Values(l.name), l.in)
}

// foundAddress shows the first address that a text names, else the first; of
// none that there is none.
func (l *textLeaf) foundAddress(all []message.Address, lower []lowerAddress) string {
	if len(all) == 0 {
		return "no address"
	}
	return l.field + " " + shown(all[max(0, slices.IndexFunc(lower, l.names))].String())
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
