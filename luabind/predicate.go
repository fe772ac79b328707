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

	used                         bool // it was called, is part of another, or of a rule
	text, beginning, operandText predicateText

	where string // it was built: "rules.lua:12"; "" if that is not kept
}

// A truth is what a predicate says of a message: in Kleene's logic the least
// of two is and, the greatest is or. What cannot be known must not make a rule
// speak, neither by itself nor by its negation.
type truth int8

const (
	no truth = iota
	unknown
	yes
)

func (t truth) not() truth { return yes - t }

func truthOf(held bool) truth {
	if held {
		return yes
	}
	return no
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
	// write writes the leaf as a rule has it: from("shop").
	write(text *limited)
	// judge judges a message.
	judge(q *question) truth
	// found is what the leaf saw, for people: from "Shop <news@shop.example>".
	// It is "" if there is nothing to see.
	found(q *question, said truth) string
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

// holds reports whether the predicate is true of a message.
func (p *predicate) holds(q *question) bool { return p.judge(q, yes) == yes }

// judge judges a message. The answer is right as to whether it is the one that
// is wanted, yes or no; else it may be unknown for the other. So nothing is read
// for what can only be unknown: age("> 30d") * re("text", "x") asks for no text
// of a message without a date.
func (p *predicate) judge(q *question, wanted truth) truth {
	if p.op == opLeaf {
		return p.leaf.judge(q)
	}
	if p.op == opNot {
		return p.a.judge(q, wanted.not()).not()
	}
	left := p.a.judge(q, wanted)
	if p.op.settled(left, wanted) {
		return left
	}
	return p.op.combine(left, p.b.judge(q, p.op.right(wanted)))
}

// settled reports whether the right side does not matter.
func (o op) settled(left, wanted truth) bool {
	if o == opOr {
		return left == yes || left == unknown && wanted == no
	}
	return left == no || left == unknown && wanted == yes
}

// right is what is wanted of the right side.
func (o op) right(wanted truth) truth {
	if o == opAndNot {
		return wanted.not()
	}
	return wanted
}

// combine is what both sides come to.
func (o op) combine(left, right truth) truth {
	switch o {
	case opOr:
		return max(left, right)
	case opAndNot:
		right = right.not()
	}
	return min(left, right)
}

// Bounds of a predicate's text, in octets: of tostring, and where it stands in
// an explanation or as evidence. It is cut there.
const (
	maxText  = 64 << 10
	maxShown = maxEvidence / 2
)

// A predicateText is made once, since each message asks for it.
type predicateText struct {
	text string
	made bool
}

// get makes the text, of most octets or a little more, unless it is there.
func (t *predicateText) get(most int, write func(*limited)) string {
	if !t.made {
		w := limited{most: most}
		write(&w)
		t.text, t.made = cut(w.String(), most), true
	}
	return t.text
}

// limited is a text that is written no further than needed.
type limited struct {
	strings.Builder
	most int
}

// full reports whether what else is written would be cut off.
func (w *limited) full() bool { return w.Len() > w.most }

// String is the predicate as a rule writes it.
func (p *predicate) String() string {
	return p.text.get(maxText, func(w *limited) { p.write(w, opLeaf) })
}

// short is the beginning of String.
func (p *predicate) short() string {
	return p.beginning.get(maxShown, func(w *limited) { p.write(w, opLeaf) })
}

// operand is the beginning of the predicate as it stands behind "not".
func (p *predicate) operand() string {
	return p.operandText.get(maxShown, func(w *limited) { p.write(w, opNot) })
}

// write writes the predicate as an operand of outer; opLeaf is of none.
func (p *predicate) write(text *limited, outer op) {
	if text.full() {
		return
	}
	if p.op == opLeaf {
		p.leaf.write(text)
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
		if !held || p.b.judge(q, no) != no {
			return false, ""
		}
		return true, joined(text, " and not "+p.b.operand())
	case opNot:
		if p.a.op == opNot {
			return p.a.a.evidence(q)
		}
		return p.a.judge(q, no) == no, "not " + p.a.operand()
	}
	said := p.leaf.judge(q)
	if said == yes {
		text = p.leaf.found(q, said)
	}
	if text == "" {
		text = p.short()
	}
	return said == yes, text
}

// joined is evidence of bounded length.
func joined(text, more string) string {
	if len(text)+len(more) > maxEvidence {
		return text
	}
	return text + more
}

// explain is judge, and adds a line for each leaf, in the order in which they
// are written. Not asked are those on which nothing depended.
func (p *predicate) explain(q *question, wanted truth, asked bool, lines []string) (truth, []string) {
	switch p.op {
	case opLeaf:
		return p.leafLine(q, asked, lines)
	case opNot:
		said, lines := p.a.explain(q, wanted.not(), asked, lines)
		return said.not(), lines
	}
	left, lines := p.a.explain(q, wanted, asked, lines)
	settled := p.op.settled(left, wanted)
	right, lines := p.b.explain(q, p.op.right(wanted), asked && !settled, lines)
	if settled {
		return left, lines
	}
	return p.op.combine(left, right), lines
}

// leafLine is explain for a leaf.
func (p *predicate) leafLine(q *question, asked bool, lines []string) (truth, []string) {
	if !asked {
		return unknown, append(lines, "not asked: "+p.short())
	}
	said := p.leaf.judge(q)
	line := [...]string{no: "does not hold: ", unknown: "unknown: ", yes: "holds: "}[said] + p.short()
	if found := p.leaf.found(q, said); found != "" {
		line += ", " + found
	}
	return said, append(lines, line)
}
