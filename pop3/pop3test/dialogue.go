package pop3test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Dialogue is one conversation, from greeting to close.
type Dialogue struct {
	Name  string // of its "==" line, else of its file
	Notes []Note // for the test, in their order

	file  string
	steps []step
	once  sync.Once
	ca    *CA
}

// A Note is a line "name: value", which the player skips.
type Note struct {
	Line  int    // in its file, from 1
	Name  string // lower case
	Value string // what follows the colon and one blank
}

// A step is one line, parsed.
type step struct {
	line int
	play func(p *player) error
	last bool // nothing can follow
}

// CA returns the authority behind the dialogue's "tls" lines, made when first
// asked for: a client under test must trust it.
func (d *Dialogue) CA(t testing.TB) *CA {
	d.once.Do(func() { d.ca = NewCA(t) })
	return d.ca
}

// Parse reads the dialogues of one file; file is its name in reports. What
// comes before the first "==" line is a dialogue of its own, named file,
// unless it holds nothing.
func Parse(file, script string) ([]*Dialogue, error) {
	p := &parser{file: file, d: &Dialogue{Name: file, file: file}}
	for i, line := range strings.Split(script, "\n") {
		p.number = i + 1
		if err := p.parse(strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, p.number, err)
		}
	}
	if err := p.finish(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", file, p.number, err)
	}
	return p.all, nil
}

type parser struct {
	file     string
	number   int
	d        *Dialogue
	all      []*Dialogue
	together *[]byte // what "together" gathers, or nil
}

func (p *parser) parse(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "" || line[0] == '#':
		return nil
	case word == "==":
		return p.section(rest)
	case word == "C:":
		return p.expect(rest)
	case word != "S:" && strings.HasSuffix(word, ":"):
		return p.note(strings.TrimSuffix(word, ":"), rest)
	case word == "end" && rest == "":
		return p.endTogether()
	}
	if play, last, ok := plainStep(line); ok {
		return p.add(play, last)
	}
	switch word {
	case "after":
		return p.after(rest)
	case "tls":
		return p.tls(Kind(rest))
	case "together":
		return p.startTogether(rest)
	}
	return p.send(line)
}

// plainStep is a step of one word.
func plainStep(line string) (play func(*player) error, last, ok bool) {
	switch line {
	case "close":
		return (*player).close, true, true
	case "cut":
		return (*player).cut, true, true
	case "stall":
		return (*player).stall, true, true
	case "eof":
		return (*player).eof, true, true
	}
	return nil, false, false
}

func (p *parser) add(play func(*player) error, last bool) error {
	steps := p.d.steps
	if p.together != nil {
		return fmt.Errorf("only sending can be done together")
	}
	if len(steps) > 0 && steps[len(steps)-1].last {
		return fmt.Errorf("the connection was ended in line %d", steps[len(steps)-1].line)
	}
	p.d.steps = append(steps, step{p.number, play, last})
	return nil
}

// section ends a dialogue and starts another.
func (p *parser) section(name string) error {
	if name == "" {
		return fmt.Errorf("a dialogue needs a name")
	}
	if err := p.finish(); err != nil {
		return err
	}
	p.d = &Dialogue{Name: name, file: p.file}
	return nil
}

func (p *parser) finish() error {
	if p.together != nil {
		return fmt.Errorf("together without end")
	}
	steps := p.d.steps
	if len(steps) == 0 && len(p.d.Notes) == 0 {
		return nil
	}
	if len(steps) == 0 || !steps[len(steps)-1].last {
		p.d.steps = append(steps, step{p.number, (*player).eof, true})
	}
	p.all = append(p.all, p.d)
	return nil
}

func (p *parser) note(name, value string) error {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return fmt.Errorf("%q is not a note: its name is in lower case", name)
	}
	p.d.Notes = append(p.d.Notes, Note{p.number, name, value})
	return nil
}

func (p *parser) expect(text string) error {
	want, err := parsePattern(text)
	if err != nil {
		return err
	}
	return p.add(func(p *player) error { return p.expect(want) }, false)
}

func (p *parser) after(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return fmt.Errorf("after: %w", err)
	}
	return p.add(func(*player) error { time.Sleep(d); return nil }, false)
}

func (p *parser) tls(kind Kind) error {
	if !kind.valid() {
		return fmt.Errorf("tls: there is no kind of certificate %q", string(kind))
	}
	return p.add(func(p *player) error { return p.startTLS(kind) }, false)
}

func (p *parser) startTogether(rest string) error {
	if rest != "" || p.together != nil {
		return fmt.Errorf("together stands alone in its line, and not in another")
	}
	p.together = new([]byte)
	return nil
}

func (p *parser) endTogether() error {
	if p.together == nil {
		return fmt.Errorf("end without together")
	}
	octets := *p.together
	p.together = nil
	return p.add(func(p *player) error { return p.send(sending{octets: octets, count: 1}) }, false)
}

func (p *parser) send(line string) error {
	s, err := parseSending(line)
	if err != nil {
		return err
	}
	if p.together == nil {
		return p.add(func(p *player) error { return p.send(s) }, false)
	}
	if s.count < 0 || s.drip {
		return fmt.Errorf("forever and drip cannot be sent together with others")
	}
	for range s.count {
		*p.together = append(*p.together, s.octets...)
	}
	return nil
}

// A sending is octets that go out, perhaps often.
type sending struct {
	octets []byte
	count  int // negative for ever
	drip   bool
	gap    time.Duration // after each octet of a drip
}

// forever counts more than any test waits for.
const forever = -1

func parseSending(line string) (sending, error) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "S:":
		octets, err := unescape(rest)
		return sending{octets: append(octets, "\r\n"...), count: 1}, err
	case "octets":
		octets, err := unescape(rest)
		return sending{octets: octets, count: 1}, err
	case "text":
		n, err := strconv.Atoi(rest)
		if err != nil || n < 0 {
			return sending{}, fmt.Errorf("text: %q is not a number of octets", rest)
		}
		return sending{octets: stuffed(Message(n)), count: 1}, nil
	case "repeat":
		return parseRepeat(rest)
	case "drip":
		return parseDrip(rest)
	}
	return sending{}, fmt.Errorf("%q is not a step", word)
}

func parseRepeat(text string) (sending, error) {
	times, rest, _ := strings.Cut(text, " ")
	s, err := parseSending(rest)
	if err != nil {
		return s, err
	}
	if times == "forever" {
		s.count = forever
		return s, nil
	}
	s.count, err = strconv.Atoi(times)
	if err != nil || s.count < 1 {
		return s, fmt.Errorf("repeat: %q is not a count", times)
	}
	return s, nil
}

func parseDrip(text string) (sending, error) {
	first, rest, _ := strings.Cut(text, " ")
	gap, err := time.ParseDuration(first)
	if err != nil {
		gap, rest = 0, text
	}
	s, err := parseSending(rest)
	s.drip, s.gap = true, gap
	return s, err
}
