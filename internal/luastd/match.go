package luastd

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

const (
	pollEvery = 1 << 15 // steps between two questions to Options.Stop
	perOctet  = 64      // steps that each octet of a subject adds to the budget
	leap      = 16      // octets that an index function passes over in a step
)

// A matcher matches patterns against a subject. It goes back by a list of
// choices of its own, never by recursion, so that no subject or pattern can
// make it deep.
type matcher struct {
	lib     *library
	L       *lua.LState
	subject string
	spans   [maxCaptures]span
	choices []choice
	steps   int // taken
	pause   int // steps at which to ask Stop
	budget  int // steps that may be taken
	fault   error
}

// A span is what a capture holds.
type span struct{ start, end int }

// A choice is a repetition that may be tried with another length. No step has
// two at a time.
type choice struct {
	step  int
	least int // opMost: where the shortest ends
	end   int // where the one last tried ended
}

// matcher returns one for a call on subject; give it back by release.
func (lib *library) matcher(L *lua.LState, subject string) *matcher {
	var m *matcher
	if n := len(lib.matchers); n > 0 {
		m = lib.matchers[n-1]
		lib.matchers = lib.matchers[:n-1]
	} else {
		m = &matcher{lib: lib}
	}
	m.begin(L, subject)
	return m
}

func (m *matcher) begin(L *lua.LState, subject string) {
	m.L, m.subject, m.fault = L, subject, nil
	m.steps, m.pause = 0, pollEvery
	m.budget = m.lib.limit.MaxSteps + perOctet*len(subject)
}

// release lets other calls use the matcher. It keeps no subject alive.
func (m *matcher) release() {
	m.L, m.subject = nil, ""
	m.lib.matchers = append(m.lib.matchers, m)
}

// poll is called when the steps reach pause; it says whether to go on.
func (m *matcher) poll() bool {
	m.pause = m.steps + pollEvery
	if m.steps > m.budget {
		m.fault = fmt.Errorf("pattern too complex: no end after %d steps", m.steps)
	} else {
		m.fault = m.lib.stop(m.L)
	}
	return m.fault == nil
}

// find looks for the first match at or after from. A start of -1 is none, or
// m.fault.
func (m *matcher) find(p *pattern, from int) (start, end int) {
	for at := from; at <= len(m.subject); at++ {
		if !p.anchored {
			if at = m.candidate(p, at); at < 0 {
				break
			}
		}
		if end := m.match(p, at); end >= 0 {
			return at, end
		}
		if p.once || m.fault != nil {
			break
		}
	}
	return -1, -1
}

// candidate returns the first place from at on where a match can begin, or -1.
func (m *matcher) candidate(p *pattern, at int) int {
	from := at
	switch {
	case p.prefix != "":
		i := strings.Index(m.subject[at:], p.prefix)
		if i < 0 {
			return -1
		}
		at += i
	case p.first != nil:
		for at < len(m.subject) && !p.first[m.subject[at]] {
			at++
		}
		if at == len(m.subject) {
			return -1
		}
	}
	m.steps += at - from
	return at
}

// match matches at one place and returns where the match ends, or -1.
func (m *matcher) match(p *pattern, at int) int {
	m.choices = m.choices[:0]
	step := 0
	for {
		if m.steps++; m.steps >= m.pause && !m.poll() {
			return -1
		}
		i := &p.steps[step]
		switch i.op {
		case opDone:
			return at
		case opFault:
			m.fault = i.fault
			return -1
		case opOne:
			if at < len(m.subject) && i.set[m.subject[at]] {
				at++
			} else {
				at = -1
			}
		case opText:
			if strings.HasPrefix(m.subject[at:], i.text) {
				at += len(i.text)
			} else {
				at = -1
			}
		case opMost:
			at = m.most(i, step, at)
		case opLeast:
			at = m.least(i, step, at)
		default:
			at = m.other(i, at)
		}
		if step++; at < 0 {
			if step, at = m.again(p); at < 0 {
				return -1
			}
		}
	}
}

// other takes the rarer steps.
func (m *matcher) other(i *instruction, at int) int {
	switch i.op {
	case opOpen:
		m.spans[i.capture].start = at
	case opPosition:
		m.spans[i.capture] = span{at, -1}
	case opClose:
		m.spans[i.capture].end = at
	case opTail:
		if at < len(m.subject) {
			return -1
		}
	case opBack:
		return m.back(m.spans[i.capture], at)
	case opBalance:
		return m.balance(i.pair[0], i.pair[1], at)
	case opFrontier:
		if i.set[m.octet(at-1)] || !i.set[m.octet(at)] {
			return -1
		}
	}
	return at
}

// back takes what a capture holds; a position is held by none.
func (m *matcher) back(held span, at int) int {
	if held.end < 0 {
		return -1
	}
	length := held.end - held.start
	m.steps += length
	if !strings.HasPrefix(m.subject[at:], m.subject[held.start:held.end]) {
		return -1
	}
	return at + length
}

// octet returns what a frontier sees: beyond both ends of the subject are NULs.
func (m *matcher) octet(at int) byte {
	if at < 0 || at >= len(m.subject) {
		return 0
	}
	return m.subject[at]
}

// balance returns the end of what begins with open at this place, and holds as
// many open as shut; or -1.
func (m *matcher) balance(open, shut byte, at int) int {
	if at >= len(m.subject) || m.subject[at] != open {
		return -1
	}
	depth := 1
	for end := at + 1; end < len(m.subject); end++ {
		switch m.subject[end] {
		case shut:
			if depth--; depth == 0 {
				m.steps += end - at
				return end + 1
			}
		case open:
			depth++
		}
	}
	m.steps += len(m.subject) - at
	return -1
}

// most takes as many octets as can be, and notes that fewer may do.
func (m *matcher) most(i *instruction, step, at int) int {
	end := at
	switch {
	case i.single:
		if at < len(m.subject) && i.set[m.subject[at]] {
			end++
		}
	case i.any:
		end = len(m.subject)
	default:
		for end < len(m.subject) && i.set[m.subject[end]] {
			end++
		}
	}
	m.steps += end - at
	least := at + i.min
	if end = m.shorter(i, least, end); end > least {
		m.choices = append(m.choices, choice{step, least, end})
	}
	return end
}

// shorter returns the greatest place from least to end at which the next step
// can succeed, or -1.
func (m *matcher) shorter(i *instruction, least, end int) int {
	if end < least {
		return -1
	}
	if i.next < 0 {
		return end
	}
	within := m.subject[least:min(end+1, len(m.subject))]
	found := strings.LastIndexByte(within, byte(i.next))
	if found < 0 {
		m.steps += len(within)
		return -1
	}
	m.steps += len(within) - found
	return least + found
}

// least takes no octet, and notes that more may do.
func (m *matcher) least(i *instruction, step, at int) int {
	end := m.longer(i, at)
	if end >= 0 {
		m.choices = append(m.choices, choice{step: step, end: end})
	}
	return end
}

// longer returns the first place from at on, over octets of the set, at which
// the next step can succeed, or -1.
func (m *matcher) longer(i *instruction, at int) int {
	if i.next < 0 {
		return at
	}
	if i.any {
		found := strings.IndexByte(m.subject[at:], byte(i.next))
		if found < 0 {
			m.steps += (len(m.subject) - at) / leap
			return -1
		}
		m.steps += found / leap
		return at + found
	}
	for end := at; end < len(m.subject); end++ {
		if octet := m.subject[end]; octet == byte(i.next) {
			m.steps += end - at
			return end
		} else if !i.set[octet] {
			break
		}
		m.steps++
	}
	return -1
}

// again goes back to the last choice and returns the step to go on with, and
// where; a place of -1 is the end of all choices.
func (m *matcher) again(p *pattern) (step, at int) {
	for len(m.choices) > 0 {
		last := &m.choices[len(m.choices)-1]
		i := &p.steps[last.step]
		step = last.step + 1
		if i.op == opMost {
			last.end = m.shorter(i, last.least, last.end-1)
		} else if last.end < len(m.subject) && i.set[m.subject[last.end]] {
			last.end = m.longer(i, last.end+1)
		} else {
			last.end = -1
		}
		at = last.end
		if at < 0 || i.op == opMost && at == last.least {
			m.choices = m.choices[:len(m.choices)-1]
		}
		if at >= 0 {
			return step, at
		}
	}
	return 0, -1
}
