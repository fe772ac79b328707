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

func (l listLeaf) String() string {
	if l.text == "" {
		return call("list")
	}
	return call("list", l.text)
}

func (l listLeaf) holds(q *question) bool {
	header := q.m.header(q.L, "list")
	if l.text == "" {
		return header.FromList()
	}
	return strings.Contains(mapRunes(header.ListID(), unicode.ToLower), l.lower)
}

func (l listLeaf) found(q *question, held bool) string {
	id := q.m.header(q.L, "list").ListID()
	if id == "" && held {
		return "from a list without an id"
	} else if id == "" {
		return ""
	}
	return "list " + shown(id)
}

// An attachmentLeaf holds for mail with an attachment, or with one that has
// text in its name.
type attachmentLeaf struct{ text, lower string }

func (l attachmentLeaf) String() string {
	if l.text == "" {
		return call("has_attachment")
	}
	return call("has_attachment", l.text)
}

func (l attachmentLeaf) holds(q *question) bool {
	m := q.m.structure(q.L, "has_attachment")
	if l.text == "" {
		return m.HasAttachment()
	}
	return slices.ContainsFunc(m.Attachments(), l.in)
}

func (l attachmentLeaf) in(p *message.Part) bool {
	return strings.Contains(mapRunes(p.Name, unicode.ToLower), l.lower)
}

func (l attachmentLeaf) found(q *question, held bool) string {
	if !held {
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

func (l reLeaf) String() string {
	if l.flags == "" { // those of re.compile are in its text
		return call("re", l.field, l.pattern.first.String())
	}
	return call("re", l.field, l.pattern.source, l.flags)
}

// values are the texts to search.
func (l reLeaf) values(q *question) []string {
	switch l.field {
	case textFrom:
		return []string{q.m.sender(q.L, l.field).address.String()}
	case textSubject:
		return []string{q.m.subject(q.L)}
	case textTo:
		return q.recipients()
	case textBody:
		return []string{q.m.content(q.L, l.field).Text()}
	}
	return q.m.header(q.L, l.field).Values(l.field)
}

func (l reLeaf) holds(q *question) bool {
	return slices.ContainsFunc(l.values(q), func(s string) bool { return l.in(q, s) })
}

// in searches what takes long so that it can be stopped.
func (l reLeaf) in(q *question, s string) bool {
	if len(s)*l.pattern.size <= fastWork {
		return l.pattern.first.MatchString(s)
	}
	search := &search{positional: positional{q.L, "rule.re"}, binding: l.binding, s: s, pattern: l.pattern}
	return search.find(0) != nil
}

func (l reLeaf) found(q *question, held bool) string {
	if l.field != textBody {
		return firstShown(l.field, l.values(q), func(s string) bool { return l.in(q, s) })
	}
	if !held {
		return ""
	}
	return fmt.Sprintf("text has %s", shown(l.pattern.first.FindString(l.values(q)[0])))
}

// An alwaysLeaf holds for every message.
type alwaysLeaf struct{}

func (alwaysLeaf) String() string               { return call("always") }
func (alwaysLeaf) holds(*question) bool         { return true }
func (alwaysLeaf) found(*question, bool) string { return "" }
