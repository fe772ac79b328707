package luastd

import (
	"errors"
	"fmt"
	"strings"
)

const (
	maxCaptures = 32
	maxChoices  = 200      // repetitions in a pattern, each of which may be tried again
	maxPattern  = 16 << 10 // octets of a pattern, unless it is searched for plainly
)

// An opcode is what one step of a pattern does.
type opcode uint8

const (
	opText     opcode = iota // these octets
	opOne                    // one octet of a set
	opMost                   // octets of a set, as many as can be: * + ?
	opLeast                  // octets of a set, as few as can be: -
	opOpen                   // a capture begins
	opClose                  // a capture ends
	opPosition               // a position capture
	opBack                   // what a capture holds
	opBalance                // %b
	opFrontier               // %f
	opTail                   // $
	opDone                   // the pattern matches
	opFault                  // the pattern is malformed from here on
)

// A set is a set of octets.
type set [256]bool

// An instruction is one step of a pattern. Patterns have no alternatives, so
// that steps follow one another, and what a fault is or which capture a ")"
// closes is known beforehand. Yet a fault counts only when a match gets there.
type instruction struct {
	op      opcode
	any     bool    // the set is all octets
	single  bool    // opMost takes one octet at most: ?
	min     int     // opMost takes as many octets at least: 1 for +
	capture int     // of opOpen, opClose, opPosition, opBack
	next    int     // opMost, opLeast: the octet that must follow, -1 if many may
	pair    [2]byte // of opBalance
	set     *set
	text    string
	fault   error
}

// A pattern is ready to be matched.
type pattern struct {
	steps    []instruction
	captures []opcode // opOpen is one that never closes, opClose, opPosition
	anchored bool     // matches at the start or not at all
	once     bool     // what does not match at one place does not match later
	prefix   string   // what every match begins with, may be empty
	first    *set     // what every match begins with one of; nil if unknown
}

// compile reads a pattern; it never fails, see instruction. Without anchors, a
// "^" at the start is an octet as others.
func compile(source string, anchors bool) *pattern {
	c := compiler{source: source, pattern: &pattern{}}
	if anchors && strings.HasPrefix(source, "^") {
		c.anchored = true
		c.at = 1
	}
	if len(source) > maxPattern {
		c.fault(fmt.Sprintf("pattern too complex: %d octets, more than %d", len(source), maxPattern))
	}
	for c.at < len(source) && !c.ended {
		c.step()
	}
	if !c.ended {
		c.add(instruction{op: opDone})
	}
	c.hints()
	return c.pattern
}

type compiler struct {
	*pattern
	source  string
	at      int
	plain   []byte // octets that stand for themselves, not yet a step
	choices int
	ended   bool // by a fault
}

func (c *compiler) add(i instruction) {
	if len(c.plain) > 0 {
		c.steps = append(c.steps, instruction{op: opText, text: string(c.plain)})
		c.plain = c.plain[:0]
	}
	c.steps = append(c.steps, i)
}

func (c *compiler) fault(message string) {
	c.add(instruction{op: opFault, fault: errors.New(message)})
	c.ended = true
}

// step reads what begins at c.at.
func (c *compiler) step() {
	rest := c.source[c.at:]
	switch {
	case strings.HasPrefix(rest, "()"):
		c.open(opPosition)
		c.at += 2
	case rest[0] == '(':
		c.open(opOpen)
		c.at++
	case rest[0] == ')':
		c.close()
		c.at++
	case rest == "$":
		c.add(instruction{op: opTail})
		c.at++
	case strings.HasPrefix(rest, "%b"):
		if len(rest) < 4 {
			c.fault("unbalanced pattern")
			return
		}
		c.add(instruction{op: opBalance, pair: [2]byte{rest[2], rest[3]}})
		c.at += 4
	case strings.HasPrefix(rest, "%f"):
		c.frontier()
	case len(rest) > 1 && rest[0] == '%' && '0' <= rest[1] && rest[1] <= '9':
		c.back(int(rest[1]) - '1')
		c.at += 2
	default:
		c.repetition()
	}
}

func (c *compiler) open(op opcode) {
	if len(c.captures) == maxCaptures {
		c.fault("too many captures")
		return
	}
	c.add(instruction{op: op, capture: len(c.captures)})
	c.captures = append(c.captures, op)
}

func (c *compiler) close() {
	for i := len(c.captures) - 1; i >= 0; i-- {
		if c.captures[i] == opOpen {
			c.captures[i] = opClose
			c.add(instruction{op: opClose, capture: i})
			return
		}
	}
	c.fault("invalid pattern capture")
}

func (c *compiler) back(i int) {
	if i < 0 || i >= len(c.captures) || c.captures[i] == opOpen {
		c.fault("invalid capture index")
		return
	}
	c.add(instruction{op: opBack, capture: i})
}

func (c *compiler) frontier() {
	c.at += 2
	if !strings.HasPrefix(c.source[c.at:], "[") {
		c.fault("missing '[' after '%f' in pattern")
		return
	}
	if class, ok := c.class(); ok {
		c.add(instruction{op: opFrontier, set: class})
	}
}

// repetition reads a class of octets and what says how often it comes.
func (c *compiler) repetition() {
	start := c.at
	class, ok := c.class()
	if !ok {
		return
	}
	i := instruction{op: opOne, set: class, any: c.source[start] == '.'}
	sign := byte(0)
	if c.at < len(c.source) {
		sign = c.source[c.at]
	}
	switch sign {
	case '*':
		i.op = opMost
	case '+':
		i.op, i.min = opMost, 1
	case '?':
		i.op, i.single = opMost, true
	case '-':
		i.op = opLeast
	default:
		c.one(i, c.source[start:c.at])
		return
	}
	c.at++
	if c.choices++; c.choices > maxChoices {
		c.fault(fmt.Sprintf("pattern too complex: more than %d repetitions", maxChoices))
		return
	}
	c.add(i)
}

// one adds a class that comes once; octets that stand for themselves join into
// one text.
func (c *compiler) one(i instruction, source string) {
	letter := source[len(source)-1]
	if i.any || source[0] == '[' || len(source) == 2 && isClass(letter) {
		c.add(i)
		return
	}
	c.plain = append(c.plain, letter)
}

// hints finds out how the search for a match can be shortened.
func (c *compiler) hints() {
	backs := false
	for i := range c.steps {
		backs = backs || c.steps[i].op == opBack
		c.steps[i].next = -1
		if after := c.solid(i + 1); after != nil && after.op == opText {
			c.steps[i].next = int(after.text[0])
		}
	}
	start := c.solid(0)
	c.once = c.anchored || !backs && start.any && (start.op == opMost && !start.single || start.op == opLeast)
	if start.op == opText {
		c.prefix = start.text
	}
	c.first = c.firsts()
}

// solid returns the first step from i on that takes octets or may fail.
func (c *compiler) solid(i int) *instruction {
	for ; i < len(c.steps); i++ {
		switch c.steps[i].op {
		case opOpen, opClose, opPosition:
		default:
			return &c.steps[i]
		}
	}
	return nil
}

// firsts returns the octets with one of which every match begins.
func (c *compiler) firsts() *set {
	var all set
	for _, i := range c.steps {
		switch i.op {
		case opOpen, opClose, opPosition:
			continue
		case opText:
			all[i.text[0]] = true
			return &all
		case opBalance:
			all[i.pair[0]] = true
			return &all
		case opOne, opMost, opLeast:
			for octet, in := range i.set {
				all[octet] = all[octet] || in
			}
			if i.op == opOne || i.min > 0 {
				return &all
			}
		default:
			return nil
		}
	}
	return nil
}
