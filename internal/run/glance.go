package run

import (
	"io"
	"slices"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/pop3"
)

// A glance is what a person recognises a message by.
type glance struct{ from, subject string }

// maxGlances is how many messages a session remembers the glances of, beside
// those that something was decided about: a report of a very large maildrop
// does without the others.
const maxGlances = 10_000

// glances are the beginnings of the messages that passed by.
type glances struct {
	seen   map[int]glance
	number int    // whose beginning head is
	head   []byte // not looked at yet
	each   bool   // the report has every message, not only what is decided about
}

// begin makes the message n the one that is passing by.
func (g *glances) begin(n int, each bool) {
	g.last()
	g.number, g.head, g.each = n, g.head[:0], each
}

// last remembers the message that passed by last, if that is wanted.
func (g *glances) last() {
	if g.each && len(g.seen) < maxGlances {
		g.keep(g.number)
	}
}

// keep remembers what the head of message n says, if it passed by last.
func (g *glances) keep(n int) {
	if n != g.number || len(g.head) == 0 {
		return
	}
	g.put(n, g.head)
	g.head = g.head[:0]
}

// put remembers what a head says.
func (g *glances) put(n int, head []byte) {
	if g.seen == nil {
		g.seen = map[int]glance{}
	}
	from, subject := message.Glance(head)
	g.seen[n] = glance{from, subject}
}

// of returns what is known of message n.
func (g *glances) of(n int) glance {
	g.last()
	return g.seen[n]
}

// missing returns the messages of which nothing is known.
func (g *glances) missing(numbers []int) []int {
	g.last()
	return slices.DeleteFunc(numbers, func(n int) bool {
		_, seen := g.seen[n]
		return seen
	})
}

// add is told the next octets of the message that passes by.
func (g *glances) add(octets []byte) {
	if room := message.MaxGlance - len(g.head); room > 0 {
		g.head = append(g.head, octets[:min(len(octets), room)]...)
	}
}

// glancing shows glances the first octets of a text.
type glancing struct {
	text    *pop3.Text
	glances *glances
}

// Read implements io.Reader.
func (g *glancing) Read(p []byte) (int, error) {
	n, err := g.text.Read(p)
	g.glances.add(p[:n])
	return n, err
}

// WriteTo implements io.WriterTo.
func (g *glancing) WriteTo(w io.Writer) (int64, error) {
	return g.text.WriteTo(&tee{w, g.glances})
}

// A tee shows glances what passes.
type tee struct {
	w       io.Writer
	glances *glances
}

// Write implements io.Writer.
func (t *tee) Write(p []byte) (int, error) {
	t.glances.add(p)
	return t.w.Write(p)
}
