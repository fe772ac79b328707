package luastd_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
)

// A reference matches as the manual describes it, as slowly as it likes: it
// tries every length by recursion, and carries the captures along as values.
type reference struct{ subject, pattern string }

// A held is a capture: its end is open, or a position's, or a place.
type held struct{ start, end int }

const (
	endOpen     = -1
	endPosition = -2
)

const (
	lowers = "abcdefghijklmnopqrstuvwxyz"
	uppers = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
	puncts = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
)

func (r reference) find() (start, end int, captures []held, err error) {
	pattern, anchored := strings.CutPrefix(r.pattern, "^")
	for start := 0; start <= len(r.subject); start++ {
		end, captures, err := r.match(start, pattern, nil)
		if err != nil || end >= 0 {
			return start, end, captures, err
		}
		if anchored {
			break
		}
	}
	return -1, -1, nil, nil
}

// match returns where a match of pattern that begins at s ends, or -1.
func (r reference) match(s int, pattern string, captures []held) (int, []held, error) {
	with := func(c held) []held { return append(append([]held{}, captures...), c) }
	switch {
	case pattern == "":
		return s, captures, nil
	case pattern == "$":
		if s == len(r.subject) {
			return s, captures, nil
		}
		return -1, nil, nil
	case pattern[0] == '(' && len(captures) == 32:
		return -1, nil, errors.New("too many captures")
	case strings.HasPrefix(pattern, "()"):
		return r.match(s, pattern[2:], with(held{s, endPosition}))
	case pattern[0] == '(':
		return r.match(s, pattern[1:], with(held{s, endOpen}))
	case pattern[0] == ')':
		for i := len(captures) - 1; i >= 0; i-- {
			if captures[i].end == endOpen {
				closed := append([]held{}, captures...)
				closed[i].end = s
				return r.match(s, pattern[1:], closed)
			}
		}
		return -1, nil, errors.New("invalid pattern capture")
	case strings.HasPrefix(pattern, "%b"):
		return r.balance(s, pattern[2:], captures)
	case strings.HasPrefix(pattern, "%f"):
		return r.frontier(s, pattern[2:], captures)
	case len(pattern) > 1 && pattern[0] == '%' && strings.Contains(digits, pattern[1:2]):
		i := int(pattern[1]) - '1'
		if i < 0 || i >= len(captures) || captures[i].end == endOpen {
			return -1, nil, errors.New("invalid capture index")
		}
		if captures[i].end == endPosition || !strings.HasPrefix(r.subject[s:], r.subject[captures[i].start:captures[i].end]) {
			return -1, nil, nil
		}
		return r.match(s+captures[i].end-captures[i].start, pattern[2:], captures)
	}
	return r.repeat(s, pattern, captures)
}

func (r reference) balance(s int, rest string, captures []held) (int, []held, error) {
	if len(rest) < 2 {
		return -1, nil, errors.New("unbalanced pattern")
	}
	depth := 0
	for e := s; e < len(r.subject); e++ {
		switch {
		case r.subject[e] == rest[1] && depth > 0:
			depth--
		case r.subject[e] == rest[0]:
			depth++
		}
		if depth == 0 && e == s {
			break
		}
		if depth == 0 {
			return r.match(e+1, rest[2:], captures)
		}
	}
	return -1, nil, nil
}

func (r reference) frontier(s int, rest string, captures []held) (int, []held, error) {
	if !strings.HasPrefix(rest, "[") {
		return -1, nil, errors.New("missing '[' after '%f' in pattern")
	}
	class, rest, err := cutClass(rest)
	if err != nil {
		return -1, nil, err
	}
	framed := "\x00" + r.subject + "\x00"
	if inClass(framed[s], class) || !inClass(framed[s+1], class) {
		return -1, nil, nil
	}
	return r.match(s, rest, captures)
}

// repeat matches a class that comes as often as the sign after it says.
func (r reference) repeat(s int, pattern string, captures []held) (int, []held, error) {
	class, rest, err := cutClass(pattern)
	if err != nil {
		return -1, nil, err
	}
	most := 0
	for s+most < len(r.subject) && inClass(r.subject[s+most], class) {
		most++
	}
	sign := (rest + " ")[0]
	var lengths []int
	switch sign {
	case '*', '+', '?':
		least := 0
		if sign == '+' {
			least = 1
		}
		if sign == '?' {
			most = min(most, 1)
		}
		for n := most; n >= least; n-- {
			lengths = append(lengths, n)
		}
	case '-':
		for n := 0; n <= most; n++ {
			lengths = append(lengths, n)
		}
	default:
		if most == 0 {
			return -1, nil, nil
		}
		return r.match(s+1, rest, captures)
	}
	for _, n := range lengths {
		if end, found, err := r.match(s+n, rest[1:], captures); err != nil || end >= 0 {
			return end, found, err
		}
	}
	return -1, nil, nil
}

// cutClass cuts the class off a pattern's beginning.
func cutClass(pattern string) (class, rest string, err error) {
	switch {
	case pattern == "%":
		return "", "", errors.New("malformed pattern (ends with '%')")
	case pattern[0] == '%':
		return pattern[:2], pattern[2:], nil
	case pattern[0] != '[':
		return pattern[:1], pattern[1:], nil
	}
	i := 1
	if strings.HasPrefix(pattern[i:], "^") {
		i++
	}
	for first := true; ; first = false {
		switch {
		case i >= len(pattern):
			return "", "", errors.New("malformed pattern (missing ']')")
		case pattern[i] == ']' && !first:
			return pattern[:i+1], pattern[i+1:], nil
		case pattern[i] == '%' && i+1 < len(pattern):
			i++
		}
		i++
	}
}

func inClass(octet byte, class string) bool {
	switch {
	case class == ".":
		return true
	case len(class) == 1:
		return octet == class[0]
	case class[0] == '%':
		return inLetter(octet, class[1])
	}
	list, complement := strings.CutPrefix(class[1:len(class)-1], "^")
	in := false
	for i := 0; i < len(list); i++ {
		switch {
		case list[i] == '%' && i+1 < len(list):
			i++
			in = in || inLetter(octet, list[i])
		case list[i] == '%': // of "[a-%]": what it escapes is the bracket
			in = in || octet == ']'
		case i+2 < len(list) && list[i+1] == '-':
			in = in || list[i] <= octet && octet <= list[i+2]
			i += 2
		default:
			in = in || octet == list[i]
		}
	}
	return in != complement
}

func inLetter(octet, letter byte) bool {
	classes := map[byte]string{'a': lowers + uppers, 'd': digits, 'l': lowers, 'u': uppers, 'p': puncts,
		's': " \t\n\v\f\r", 'w': lowers + uppers + digits, 'x': digits + "abcdefABCDEF", 'z': "\x00"}
	control := "\x7f"
	for c := range byte(32) {
		control += string([]byte{c})
	}
	classes['c'] = control
	if class, ok := classes[letter]; ok {
		return strings.IndexByte(class, octet) >= 0
	}
	if class, ok := classes[letter|0x20]; ok && strings.IndexByte(uppers, letter) >= 0 {
		return strings.IndexByte(class, octet) < 0
	}
	return octet == letter
}

// want is what string.find returns, as a line.
func (r reference) want() string {
	start, end, captures, err := r.find()
	if err != nil {
		return "error: " + err.Error()
	}
	if end < 0 {
		return "nil"
	}
	out := fmt.Sprint(start+1, " ", end)
	for _, c := range captures {
		switch c.end {
		case endOpen:
			return "error: unfinished capture"
		case endPosition:
			out += fmt.Sprint(" ", c.start+1)
		default:
			out += fmt.Sprintf(" %q", r.subject[c.start:c.end])
		}
	}
	return out
}

// find is string.find, as a line.
func (h *host) find(subject, pattern string) string {
	base := h.GetTop()
	defer h.SetTop(base)
	h.Push(h.GetField(h.GetGlobal("string"), "find"))
	h.Push(lua.LString(subject))
	h.Push(lua.LString(pattern))
	if err := h.PCall(2, lua.MultRet, nil); err != nil {
		return strings.TrimSpace(message(err))
	}
	var out []string
	for i := base + 1; i <= h.GetTop(); i++ {
		if text, ok := h.Get(i).(lua.LString); ok {
			out = append(out, fmt.Sprintf("%q", string(text)))
		} else {
			out = append(out, h.Get(i).String())
		}
	}
	return strings.Join(out, " ")
}

// Without special characters find looks for the text, even for ")".
func isPlain(pattern string) bool { return !strings.ContainsAny(pattern, "^$*+?.([%-") }

func FuzzMatch(f *testing.F) {
	for _, seed := range [][2]string{
		{"hello world", "(o).-(%w+)$"}, {"f(a(b)c)d", "%b()"}, {"THE (quick) fox", "%f[%a]%a+"}, {"abcabc", "(a.c)%1"},
		{"aaab", "a-b"}, {"aaa", "^(a*)(a?)"}, {"a]b", "[]]"}, {"x\x00y", "%z."}, {"", "()"}, {"ab", "(a"}, {"--", "[a-%]"}, {"", "%f[%z]"},
	} {
		f.Add(seed[0], seed[1])
	}
	h := open(f, luastd.Options{})
	f.Fuzz(func(t *testing.T, subject, pattern string) {
		if len(subject) > 16 || len(pattern) > 14 || isPlain(pattern) {
			return
		}
		if got, want := h.find(subject, pattern), (reference{subject, pattern}).want(); got != want {
			t.Errorf("find(%q, %q)\ngot  %s\nwant %s", subject, pattern, got, want)
		}
	})
}

// The same cases as against lua5.1, for where there is none.
func TestPatternsAsReference(t *testing.T) {
	h, d := open(t, luastd.Options{}), newDice(3)
	kinds := map[string]int{}
	for range 20_000 {
		subject, pattern := d.text(16, "aaabbb11 ()ab\n'\xe4\x00]-A."), d.pattern()
		if isPlain(pattern) {
			continue
		}
		got, want := h.find(subject, pattern), reference{subject, pattern}.want()
		if got != want {
			t.Errorf("find(%q, %q)\ngot  %s\nwant %s", subject, pattern, got, want)
		}
		kind, _, _ := strings.Cut(strings.TrimLeft(got, digits), " ")
		kinds[kind]++
	}
	if kinds[""] < 5000 || kinds["nil"] < 2000 || kinds["error:"] < 500 {
		t.Errorf("the cases are too much alike: %v", kinds)
	}
}
