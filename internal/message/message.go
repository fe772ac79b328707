// Package message reads what is in a message: header, text, parts. It never
// fails and never panics: whatever the octets are, every question has an
// answer, within the limits that stand in limits.go, and the defects say why
// it may not be the one that was meant. The octets are kept and shared, not
// copied and not changed.
package message

import "strings"

// A Message is one whole, or what came of it. Its body is parsed when first
// asked for, and once. A Message is not safe for concurrent use.
type Message struct {
	octets []byte
	header Header
	body   *body
}

// Parse makes a message of octets, which it keeps and which must not change.
func Parse(octets []byte) *Message {
	m := &Message{octets: octets}
	m.header.scanHeader(octets, nil)
	return m
}

// Header is the header of the message.
func (m *Message) Header() *Header { return &m.header }

// Octets is the message as it came.
func (m *Message) Octets() []byte { return m.octets }

// Parts are the leaves of the message in their order, MaxParts at most: what
// is not a multipart. A message in the message (message/rfc822) is one leaf.
func (m *Message) Parts() []*Part { return m.parsed().parts }

// Attachments are the parts that are neither the text of the message nor shown
// inside it: declared to be attachments, or with a file name, or of another
// type than text. Pictures that belong to the HTML (multipart/related) are
// none, nor are the machine's lines of a delivery report.
func (m *Message) Attachments() []*Part {
	var all []*Part
	for _, p := range m.Parts() {
		if p.attached {
			all = append(all, p)
		}
	}
	return all
}

// HasAttachment reports whether there are attachments. It needs no body of a
// message that is not a multipart.
func (m *Message) HasAttachment() bool {
	if m.body == nil {
		var none defects
		if p := newPart(&m.header, place{root: true}, &none); !strings.HasPrefix(p.Type, "multipart/") {
			return p.attached
		}
	}
	for _, p := range m.Parts() {
		if p.attached {
			return true
		}
	}
	return false
}

// Text is what a person would read: the parts of text/plain that are not
// attachments, joined by a newline; if there are none, or nothing is in them,
// text made from the HTML; "" if there is neither. Lines end in LF. It is
// valid UTF-8 of MaxText octets at most.
func (m *Message) Text() string {
	b := m.parsed()
	if b.hasText {
		return b.text
	}
	b.hasText = true
	b.text, b.textCut = m.joined("text/plain")
	if strings.TrimSpace(b.text) == "" {
		if html := m.HTML(); html != "" {
			var cut bool
			b.text, cut = htmlText(html, &b.found)
			b.textCut = cut || b.htmlCut
		}
	}
	return b.text
}

// TextCut reports whether there is more of the text than Text gives: what lies
// beyond a limit was left out.
func (m *Message) TextCut() bool {
	m.Text()
	return m.body.textCut || m.body.partsCut
}

// HTML is the parts of text/html that are not attachments, joined by a
// newline, as Text has those of text/plain; "" if there are none.
func (m *Message) HTML() string {
	b := m.parsed()
	if !b.hasHTML {
		b.hasHTML = true
		b.html, b.htmlCut = m.joined("text/html")
	}
	return b.html
}

// joined puts the texts of one type together, and says whether some was left
// out.
func (m *Message) joined(kind string) (text string, cut bool) {
	var texts []string
	length := 0
	for _, p := range m.Parts() {
		if p.Type != kind || p.attached {
			continue
		}
		if length >= MaxText {
			m.body.found.note("text is longer than %d octets", MaxText)
			cut = true
			break
		}
		text, partly := p.text()
		cut = cut || partly
		length += len(text) + 1
		texts = append(texts, text)
	}
	if len(texts) == 1 {
		return texts[0], cut
	}
	return string(clip([]byte(strings.Join(texts, "\n")), MaxText)), cut || length > MaxText+1
}

// Defects says what is wrong with header and body, each kind once, the
// header's first. It looks at all of the body, whether it was asked for or
// not.
func (m *Message) Defects() []string {
	b := m.parsed()
	if !b.checked {
		b.checked = true
		for _, p := range b.parts {
			p.Size()
		}
	}
	all := append(m.header.Defects(), b.found.sentences()...)
	return all[:min(len(all), MaxDefects)]
}

// parsed is the body, which is parsed now if it was not.
func (m *Message) parsed() *body {
	if m.body == nil {
		m.body = new(body)
		m.body.walk(m)
	}
	return m.body
}
