package luabind

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A predicate judges messages: a leaf, or predicates combined by an operator.
// It is judged in Go, from the left, and no further than needed.
type predicate struct {
	op   op
	leaf leaf       // of opLeaf
	a, b *predicate // of the others; opNot has no b
	size int        // leaves
}

// An op is how a predicate is made.
type op byte

// Those from opAnd on bind more closely than opOr, and opNot most.
const (
	opLeaf   op = iota
	opOr        // a + b
	opAnd       // a * b
	opAndNot    // a - b
	opNot       // -a
)

// A leaf is a predicate without operators.
type leaf interface {
	// String is the leaf as a rule writes it: from("shop").
	String() string
	// holds judges a message.
	holds(q *question) bool
	// found is what the leaf saw, for people: from "Shop <news@shop.example>".
	// It is "" if there is nothing to see.
	found(q *question, held bool) string
}

// A question is asked about one message. Reading it can raise in L.
type question struct {
	L *lua.LState
	m *messageObject
}

// maxLeaves bounds a predicate, since one combined with itself grows twofold
// each time.
const maxLeaves = 10_000

// maxEvidence bounds the evidence of one decision, in octets.
const maxEvidence = 1000

// holds judges a message.
func (p *predicate) holds(q *question) bool {
	switch p.op {
	case opOr:
		return p.a.holds(q) || p.b.holds(q)
	case opAnd:
		return p.a.holds(q) && p.b.holds(q)
	case opAndNot:
		return p.a.holds(q) && !p.b.holds(q)
	case opNot:
		return !p.a.holds(q)
	}
	return p.leaf.holds(q)
}

// String is the predicate as a rule writes it.
func (p *predicate) String() string {
	var text strings.Builder
	p.write(&text, opLeaf)
	return text.String()
}

// write writes the predicate as an operand of outer; opLeaf is of none.
func (p *predicate) write(text *strings.Builder, outer op) {
	if p.op == opLeaf {
		text.WriteString(p.leaf.String())
		return
	}
	// Lua's + and - are of one level: parentheses around a - b say what is meant.
	parentheses := outer != opLeaf && p.op != opNot && (p.op < outer || p.op == opAndNot)
	if parentheses {
		text.WriteByte('(')
	}
	switch p.op {
	case opNot:
		text.WriteByte('-')
		p.a.write(text, opNot)
	case opOr:
		p.a.write(text, opOr)
		text.WriteString(" + ")
		p.b.write(text, opOr)
	case opAnd:
		p.a.write(text, opAnd)
		text.WriteString(" * ")
		p.b.write(text, opAnd)
	case opAndNot:
		p.a.write(text, opAnd)
		text.WriteString(" - ")
		p.b.write(text, opAnd)
	}
	if parentheses {
		text.WriteByte(')')
	}
}

// evidence judges a message once more, and says which leaves made it hold.
func (p *predicate) evidence(q *question) (held bool, text string) {
	switch p.op {
	case opOr:
		if held, text = p.a.evidence(q); held {
			return held, text
		}
		return p.b.evidence(q)
	case opAnd:
		held, text = p.a.evidence(q)
		if !held {
			return false, ""
		}
		held, also := p.b.evidence(q)
		return held, joined(text, " and "+also)
	case opAndNot:
		held, text = p.a.evidence(q)
		if !held || p.b.holds(q) {
			return false, ""
		}
		return true, joined(text, " and not "+p.b.operand())
	case opNot:
		if p.a.op == opNot {
			return p.a.a.evidence(q)
		}
		return !p.a.holds(q), "not " + p.a.operand()
	}
	held = p.leaf.holds(q)
	if held {
		text = p.leaf.found(q, true)
	}
	if text == "" {
		text = p.leaf.String()
	}
	return held, text
}

// joined is evidence of bounded length.
func joined(text, more string) string {
	if len(text)+len(more) > maxEvidence {
		return text
	}
	return text + more
}

// operand is the predicate as it stands behind "not".
func (p *predicate) operand() string {
	var text strings.Builder
	p.write(&text, opNot)
	return cut(text.String(), maxEvidence/2)
}

// explain judges a message and adds a line for each leaf, in the order in
// which they are written. Not asked are those on which nothing depended.
func (p *predicate) explain(q *question, asked bool, lines []string) (bool, []string) {
	if p.op == opLeaf {
		return p.leafLine(q, asked, lines)
	}
	held, lines := p.a.explain(q, asked, lines)
	if p.op == opNot {
		return asked && !held, lines
	}
	also, lines := p.b.explain(q, asked && held != (p.op == opOr), lines)
	switch p.op {
	case opOr:
		return held || also, lines
	case opAnd:
		return held && also, lines
	}
	return held && !also, lines
}

// leafLine is explain for a leaf.
func (p *predicate) leafLine(q *question, asked bool, lines []string) (bool, []string) {
	if !asked {
		return false, append(lines, "not asked: "+p.leaf.String())
	}
	held, line := p.leaf.holds(q), "does not hold: "
	if held {
		line = "holds: "
	}
	line += p.leaf.String()
	if found := p.leaf.found(q, held); found != "" {
		line += ", " + found
	}
	return held, append(lines, line)
}
