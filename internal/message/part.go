package message

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf8"
)

// A Part is a leaf of a message. What its header does not say is "".
type Part struct {
	Type        string // "text/plain", in lower case
	Charset     string // as declared
	Encoding    string // of the transfer: "7bit", "base64" and so on, in lower case
	Disposition string // "attachment", "inline", in lower case
	ContentID   string // without <>
	Name        string // of a file: no path, no controls, MaxName octets at most

	octets   []byte // as they came
	found    *defects
	number   int // from 1
	attached bool
	size     int64
	sized    bool // the size is known
	noted    bool // the faults of the encoding are told
}

// A place is where in a message a part stands.
type place struct{ root, related, digest bool }

// newPart describes what a header announces.
func newPart(h *Header, at place, found *defects) *Part {
	raw, _ := h.first("Content-Type")
	content := parseParams(h.text(raw))
	raw, _ = h.first("Content-Disposition")
	disposition := parseParams(h.text(raw))
	raw, _ = h.first("Content-Transfer-Encoding")
	p := &Part{
		Type: content.value, Charset: printable(content.word("charset")), Encoding: printable(encodingNamed(h.text(raw))),
		Disposition: printable(disposition.value), Name: fileName(disposition.text("filename")), found: found,
	}
	if p.Name == "" {
		p.Name = fileName(content.text("name"))
	}
	raw, _ = h.first("Content-Id")
	p.ContentID = strings.Trim(h.text(raw), "<> ")
	p.setType(at)
	p.attached = p.isAttachment(at)
	return p
}

// printable is a word of a header that may be shown and compared; what is none
// is "".
func printable(word string) string {
	const longest = 100
	for i := range len(word) {
		if c := word[i]; c <= ' ' || c >= 127 {
			return ""
		}
	}
	return word[:min(len(word), longest)]
}

// setType puts right a type that is missing or none. RFC 2045 section 5.2:
// text/plain then; in a digest, message/rfc822.
func (p *Part) setType(at place) {
	kind := printable(p.Type)
	main, sub, _ := strings.Cut(kind, "/")
	switch {
	case p.Type == "" && at.digest:
		kind = "message/rfc822"
	case p.Type == "":
		kind = "text/plain"
	case main == "" || sub == "":
		p.found.note("content type %.40q is malformed", p.Type)
		kind = "text/plain"
		if p.Name != "" {
			kind = "application/octet-stream"
		}
	}
	p.Type = kind
}

// isAttachment decides what Message.Attachments tells.
func (p *Part) isAttachment(at place) bool {
	text := strings.HasPrefix(p.Type, "text/")
	switch {
	case strings.HasPrefix(p.Type, "multipart/"):
		return false
	case p.Disposition == "attachment":
		return true
	case at.related && (p.ContentID != "" || strings.HasPrefix(p.Type, "image/")):
		return false
	case at.root && text:
		return false
	case p.Name != "":
		return true
	}
	return !text && p.Type != "message/delivery-status" && p.Type != "message/disposition-notification"
}

// Content is the part's octets, decoded from their transfer encoding as well
// as can be. What is not encoded is shared with the message and must not be
// changed; what is is decoded anew by each call.
func (p *Part) Content() []byte { return p.decoded(math.MaxInt) }

// decoded is at most so many octets of the content.
func (p *Part) decoded(most int) []byte {
	if !isEncoded(p.Encoding) {
		return p.octets[:min(len(p.octets), most)]
	}
	content, faults := decodeContent(p.octets, p.Encoding, most)
	p.note(faults)
	return content
}

// note notes, once, how many octets of an encoding made no sense.
func (p *Part) note(faults int) {
	if faults > 0 && !p.noted {
		p.noted = true
		p.found.note("part %d: %d octets are no %s", p.number, faults, p.Encoding)
	}
}

// Size is how many octets Content has. What is encoded is decoded for it once.
func (p *Part) Size() int64 {
	switch {
	case p.sized:
	case isEncoded(p.Encoding):
		size, faults := contentSize(p.octets, p.Encoding)
		p.note(faults)
		p.size = size
	default:
		p.size = int64(len(p.octets))
	}
	p.sized = true
	return p.size
}

// Text is the content of a part of type text, in valid UTF-8, with lines that
// end in LF, MaxText octets at most; "" of others. The charset is the declared
// one, else guessed.
func (p *Part) Text() string {
	text, _ := p.text()
	return text
}

// text is Text, and whether there is more of it.
func (p *Part) text() (text string, cut bool) {
	if !strings.HasPrefix(p.Type, "text/") {
		return "", false
	}
	content := p.decoded(MaxText + 1)
	charset := p.Charset
	if charset == "" && p.Type == "text/html" {
		charset = metaCharset(content)
	}
	// A little more than there may be: other charsets have fewer octets.
	text = fromCharset(content, charset, MaxText+utf8.UTFMax)
	if cut = len(content) > MaxText || len(text) > MaxText; cut {
		p.found.note("text is longer than %d octets", MaxText)
		text = string(clip([]byte(text), MaxText))
	}
	return strings.ReplaceAll(strings.TrimPrefix(text, "\uFEFF"), "\r\n", "\n"), cut
}

// metaCharset is the charset that an HTML document declares in its first
// octets, in either of HTML's two ways.
func metaCharset(content []byte) string {
	head := bytes.ToLower(content[:min(len(content), 1024)])
	_, after, ok := bytes.Cut(head, []byte("charset="))
	if !ok {
		return ""
	}
	after = bytes.TrimLeft(after, `"' `)
	if end := bytes.IndexAny(after, "\"'>; /\r\n"); end >= 0 {
		after = after[:end]
	}
	return string(after)
}
