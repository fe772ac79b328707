package luabind

import (
	"math"
	"strconv"
	"strings"
)

// A unit is what a size or an age is given in.
type unit struct {
	name string
	each float64 // octets, or seconds
}

// units are those of one kind of amount, smallest first.
type units struct {
	all    []unit
	shown  int // how many of them are shown to people
	remedy string
}

// sizeUnits are of 1024 octets, as file sizes mostly are.
var sizeUnits = units{
	[]unit{{"", 1}, {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}}, 4,
	`a size is written "> 1M" or "<= 500K": an operator of > >= < <=, a number, and K, M or G of 1024, or nothing for octets`,
}

// ageUnits have no m, which may be minutes or months.
var ageUnits = units{
	[]unit{{"min", 60}, {"h", 60 * 60}, {"d", secondsPerDay}, {"w", 7 * secondsPerDay}, {"y", 365 * secondsPerDay}}, 3,
	`an age is written "> 30d" or "<= 12h": an operator of > >= < <=, a number, and min, h, d (days), w (weeks) or y (365 days)`,
}

// A comparison is an operator and an amount: "> 30d".
type comparison struct {
	sign string
	text string  // the amount as it was written: "30d"
	most float64 // octets or seconds
}

// comparison returns argument n.
func (p positional) comparison(n int, u units) comparison {
	c, ok := u.parse(p.text(n, "comparison"))
	if !ok {
		p.refuse("%s; got %s", u.remedy, quote(p.text(n, "comparison")))
	}
	return c
}

// parse reads a comparison.
func (u units) parse(s string) (c comparison, ok bool) {
	s = strings.TrimSpace(s)
	rest := strings.TrimLeft(s, "<>=")
	c.sign = s[:len(s)-len(rest)]
	if c.sign != ">" && c.sign != ">=" && c.sign != "<" && c.sign != "<=" {
		return c, false
	}
	rest = strings.TrimSpace(rest)
	name := strings.TrimLeft(rest, "0123456789.")
	digits := rest[:len(rest)-len(name)]
	number, err := strconv.ParseFloat(digits, 64)
	if err != nil || len(digits) > 20 || strings.HasPrefix(digits, ".") || strings.HasSuffix(digits, ".") {
		return c, false
	}
	name = strings.TrimSpace(name)
	for _, unit := range u.all {
		if strings.EqualFold(unit.name, name) {
			c.most, c.text = number*unit.each, digits+unit.name
			return c, true
		}
	}
	return c, false
}

// show writes an amount in the largest unit of which it is one or more.
func (u units) show(amount float64) string {
	unit := u.all[0]
	for _, larger := range u.all[:u.shown] {
		if math.Abs(amount) >= larger.each {
			unit = larger
		}
	}
	return decimal(amount/unit.each) + unit.name
}

// judge compares octets or seconds.
func (c comparison) judge(amount float64) truth {
	switch c.sign {
	case ">":
		return truthOf(amount > c.most)
	case ">=":
		return truthOf(amount >= c.most)
	case "<":
		return truthOf(amount < c.most)
	}
	return truthOf(amount <= c.most)
}

// found shows an amount, and if it held with what it was compared.
func (c comparison) found(what, amount string, said truth) string {
	if said == yes {
		return what + " " + amount + " " + c.sign + " " + c.text
	}
	return what + " " + amount
}

// decimal has one digit behind the point, or none if that is 0.
func decimal(x float64) string {
	return strconv.FormatFloat(math.Round(10*x)/10, 'f', -1, 64)
}

// A sizeLeaf compares the size that the server announces.
type sizeLeaf struct{ comparison }

func (l sizeLeaf) write(text *limited) { text.call("size", l.sign+" "+l.text) }

func (l sizeLeaf) judge(q *question) truth { return l.comparison.judge(float64(q.m.size)) }

func (l sizeLeaf) found(q *question, said truth) string {
	return l.comparison.found("size", sizeUnits.show(float64(q.m.size)), said)
}

// An ageLeaf compares msg:age(), if that is known.
type ageLeaf struct{ comparison }

func (l ageLeaf) write(text *limited) { text.call("age", l.sign+" "+l.text) }

func (l ageLeaf) judge(q *question) truth {
	age, fault := q.m.knownAge(q.L, "age")
	if fault != "" {
		return unknown
	}
	return l.comparison.judge(age)
}

func (l ageLeaf) found(q *question, said truth) string {
	age, fault := q.m.knownAge(q.L, "age")
	if fault != "" {
		return fault
	}
	return l.comparison.found("age", ageUnits.show(age), said)
}

// A seenLeaf compares how long ago a message was first seen, if anybody
// remembers.
type seenLeaf struct{ comparison }

func (l seenLeaf) write(text *limited) { text.call("first_seen", l.sign+" "+l.text) }

func (l seenLeaf) judge(q *question) truth {
	if !q.m.firstSeen(q.L, "first_seen").known {
		return unknown
	}
	return l.comparison.judge(q.m.sinceSeen(q.L, "first_seen"))
}

func (l seenLeaf) found(q *question, said truth) string {
	if !q.m.firstSeen(q.L, "first_seen").known {
		return "nobody remembers when it was first seen"
	}
	return l.comparison.found("first seen", ageUnits.show(q.m.sinceSeen(q.L, "first_seen"))+" ago", said)
}
