package message

import (
	"bytes"
	"strings"
)

// A body is what parsing found, and what was made of it so far.
type body struct {
	parts            []*Part
	found            defects
	text, html       string
	hasText, hasHTML bool
	textCut, htmlCut bool // some of it was left out
	partsCut         bool // there are parts beyond MaxParts
	checked          bool
}

// A walker goes through the lines of a message once and cuts it where
// boundaries are. go-message's own reader is not used for this: a reader in a
// reader for each level takes 23 s for 10,000 nested multiparts, it stops at
// the first fault, and it copies. A leaf is a slice of the message here, and
// all boundaries of the multiparts that are open are looked for at once.
type walker struct {
	octets []byte
	body   *body
	open   []frame
	opened int            // multiparts so far, open or not
	levels map[string]int // boundary -> of open, the innermost that has it
	leaf   *Part          // whose end was not found yet
	start  int            // of the leaf
}

// A frame is a multipart that is open.
type frame struct {
	boundary string
	place    place // of its parts
	start    int   // of its body
	begun    bool  // it has had a boundary
	hidden   int   // the level of an outer one with the same boundary, or -1
}

// walk finds the parts of the message.
func (b *body) walk(m *Message) {
	w := walker{octets: m.octets, body: b, levels: map[string]int{}}
	start := len(m.header.octets)
	w.enter(&m.header, place{root: true}, start)
	for pos := start; len(w.open) > 0; {
		line, next, level, last := w.delimiter(pos)
		if level < 0 {
			break
		}
		w.closeLeaf(line)
		w.pop(level+1, line)
		w.open[level].begun = true
		pos = next
		if last {
			w.drop()
			continue
		}
		if len(b.parts)+w.opened > MaxParts {
			b.found.note("message has more than %d parts", MaxParts)
			b.partsCut = true
			return
		}
		pos = w.part(pos)
	}
	w.closeLeaf(len(w.octets))
	w.pop(0, len(w.octets))
	if len(m.octets) == 0 {
		b.found.note("message is empty")
	}
	if bytes.IndexByte(m.octets[start:], 0) >= 0 {
		b.found.note("body has NUL")
	}
}

// part reads the header of a part and says where its body begins.
func (w *walker) part(pos int) int {
	var h Header
	h.scanHeader(w.octets[pos:], w.isDelimiter)
	for _, d := range h.found {
		w.body.found.note("part %d: "+d.format, append([]any{len(w.body.parts) + 1}, d.args...)...)
	}
	pos += len(h.octets)
	w.enter(&h, w.open[len(w.open)-1].place, pos)
	return pos
}

// enter opens what a header announces: a multipart or a leaf.
func (w *walker) enter(h *Header, at place, start int) {
	p := newPart(h, at, &w.body.found)
	if !strings.HasPrefix(p.Type, "multipart/") {
		w.openLeaf(p, start)
		return
	}
	if isEncoded(p.Encoding) { // RFC 2045 section 6.4; nobody means it
		w.body.found.note("multipart has the transfer encoding %s", p.Encoding)
	}
	raw, _ := h.first("Content-Type")
	boundary := strings.TrimRight(parseParams(h.text(raw)).text("boundary"), " \t")
	if boundary == "" {
		w.body.found.note("multipart has no boundary")
		boundary = guessBoundary(w.octets[start:])
	}
	switch {
	case len(w.open) >= MaxDepth:
		w.body.found.note("multiparts are more than %d deep", MaxDepth)
		w.openLeaf(p, start)
	case boundary == "" || len(boundary) > maxBoundary:
		w.openLeaf(plainPart(at, &w.body.found), start)
	default:
		w.push(boundary, place{related: at.related || p.Type == "multipart/related", digest: p.Type == "multipart/digest"}, start)
	}
}

// plainPart describes text that no header describes.
func plainPart(at place, found *defects) *Part {
	return newPart(new(Header), place{root: at.root}, found)
}

func (w *walker) push(boundary string, parts place, start int) {
	f := frame{boundary: boundary, place: parts, start: start, hidden: -1}
	if level, ok := w.levels[boundary]; ok {
		f.hidden = level
	}
	w.opened++
	w.levels[boundary] = len(w.open)
	w.open = append(w.open, f)
}

// pop closes the multiparts from a level on, whose last boundary did not come.
// One that had no boundary at all is text.
func (w *walker) pop(level, end int) {
	for len(w.open) > level {
		f := w.open[len(w.open)-1]
		w.drop()
		if f.begun {
			w.body.found.note("multipart ends without its last boundary")
			continue
		}
		w.body.found.note("multipart has none of its boundaries")
		if len(bytes.TrimSpace(w.octets[f.start:end])) > 0 {
			w.openLeaf(plainPart(place{root: len(w.open) == 0}, &w.body.found), f.start)
			w.closeLeaf(end)
		}
	}
}

// drop forgets the innermost multipart.
func (w *walker) drop() {
	f := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	delete(w.levels, f.boundary)
	if f.hidden >= 0 {
		w.levels[f.boundary] = f.hidden
	}
}

func (w *walker) openLeaf(p *Part, start int) { w.leaf, w.start = p, start }

// closeLeaf ends the open leaf, if there is one, before the line end that
// belongs to the boundary.
func (w *walker) closeLeaf(end int) {
	if w.leaf == nil {
		return
	}
	octets := w.octets[w.start:max(end, w.start)]
	if end < len(w.octets) {
		octets = bytes.TrimSuffix(octets, []byte("\n"))
		octets = bytes.TrimSuffix(octets, []byte("\r"))
	}
	p := w.leaf
	w.leaf = nil
	p.octets = octets[:len(octets):len(octets)]
	w.body.parts = append(w.body.parts, p)
	p.number = len(w.body.parts)
	if !isKnownEncoding(p.Encoding) {
		w.body.found.note("part %d has the unknown transfer encoding %q", p.number, p.Encoding)
	}
	if strings.HasPrefix(p.Type, "text/") && !isKnownCharset(p.Charset) {
		w.body.found.note("part %d has the unknown charset %q", p.number, p.Charset)
	}
}
