package luabind

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
)

// A listLeaf holds for mail of a mailing list, or of one with text in its id.
type listLeaf struct{ text, lower string }

func (l listLeaf) write(text *limited) {
	if l.text == "" {
		text.call("list")
	} else {
		text.call("list", l.text)
	}
}

func (l listLeaf) judge(q *question) truth {
	header := q.m.header(q.L, "list")
	if l.text == "" {
		return truthOf(header.FromList())
	}
	return truthOf(strings.Contains(mapRunes(header.ListID(), unicode.ToLower), l.lower))
}

func (l listLeaf) found(q *question, said truth) string {
	id := q.m.header(q.L, "list").ListID()
	if id == "" && said == yes {
		return "from a list without an id"
	} else if id == "" {
		return ""
	}
	return "list " + shown(id)
}

// An attachmentLeaf holds for mail with an attachment, or with one that has
// text in its name.
type attachmentLeaf struct{ text, lower string }

func (l attachmentLeaf) write(text *limited) {
	if l.text == "" {
		text.call("has_attachment")
	} else {
		text.call("has_attachment", l.text)
	}
}

func (l attachmentLeaf) judge(q *question) truth {
	m := q.m.structure(q.L, "has_attachment")
	if l.text == "" {
		return truthOf(m.HasAttachment())
	}
	return truthOf(slices.ContainsFunc(m.Attachments(), l.in))
}

func (l attachmentLeaf) in(p *message.Part) bool {
	return strings.Contains(mapRunes(p.Name, unicode.ToLower), l.lower)
}

func (l attachmentLeaf) found(q *question, said truth) string {
	if said != yes {
		return ""
	}
	for _, p := range q.m.structure(q.L, "has_attachment").Attachments() {
		if l.in(p) {
			return "attachment " + shown(p.Name)
		}
	}
	return ""
}

// structure is the message, or where its header alone shows that it is a
// single part, its header: no body is retrieved to see what that is.
func (m *messageObject) structure(L *lua.LState, call string) *message.Message {
	if m.whole != nil {
		return m.whole
	}
	header := m.header(L, call)
	kind, _ := header.Value("Content-Type")
	kind = strings.ToLower(kind)
	if m.whole == nil && !strings.Contains(kind, "multipart") && !strings.Contains(kind, "message") {
		return message.Parse(header.Octets())
	}
	return m.content(L, call)
}

// A reLeaf holds when a pattern is found in a field.
type reLeaf struct {
	binding *binding
	field   string
	pattern *pattern
	flags   string
}

func (l reLeaf) write(text *limited) {
	if l.flags == "" { // those of re.compile are in its text
		text.call("re", l.field, l.pattern.first.String())
	} else {
		text.call("re", l.field, l.pattern.source, l.flags)
	}
}

// values are the texts to search.
func (l reLeaf) values(q *question) []string {
	switch l.field {
	case textFrom:
		return addressTexts(q.senders())
	case textSubject:
		return []string{q.m.subject(q.L)}
	case textTo:
		return addressTexts(q.addresses("To", "Cc"))
	case textCc:
		return addressTexts(q.addresses("Cc"))
	case textBody:
		return []string{q.m.content(q.L, l.field).Text()}
	}
	return q.m.header(q.L, l.field).Values(l.field)
}

func addressTexts(all []message.Address) []string {
	texts := make([]string, len(all))
	for i, a := range all {
		texts[i] = a.String()
	}
	return texts
}

// judge implements leaf. What was cut off a text might have matched.
func (l reLeaf) judge(q *question) truth {
	if slices.ContainsFunc(l.values(q), func(s string) bool { return l.in(q, s) }) {
		return yes
	}
	if l.isCut(q) {
		return unknown
	}
	return no
}

func (l reLeaf) isCut(q *question) bool {
	return l.field == textBody && q.m.content(q.L, l.field).TextCut()
}

// in searches what takes long so that it can be stopped.
func (l reLeaf) in(q *question, s string) bool {
	if len(s)*l.pattern.size <= fastWork {
		return l.pattern.first.MatchString(s)
	}
	search := &search{positional: positional{q.L, "rule.re"}, binding: l.binding, s: s, pattern: l.pattern}
	return search.find(0) != nil
}

// found implements leaf.
func (l reLeaf) found(q *question, said truth) string {
	if l.field != textBody {
		return firstShown(l.field, l.values(q), func(s string) bool { return l.in(q, s) })
	}
	switch said {
	case yes:
		return fmt.Sprintf("text has %s", shown(l.pattern.first.FindString(l.values(q)[0])))
	case unknown:
		return "the text is too long to be read to its end"
	}
	return ""
}

// An alwaysLeaf holds for every message.
type alwaysLeaf struct{}

func (alwaysLeaf) write(text *limited)           { text.call("always") }
func (alwaysLeaf) judge(*question) truth         { return yes }
func (alwaysLeaf) found(*question, truth) string { return "" }
