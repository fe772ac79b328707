package luabind

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// Bounds of a pattern, since the time that a search takes grows with it.
const (
	maxPattern  = 8 << 10 // octets
	maxProgram  = 10_000  // instructions of RE2
	maxCaptures = 100
)

// A pattern is a regular expression that was compiled.
type pattern struct {
	source    string
	first     *regexp.Regexp // searches a text from its start
	tree      *syntax.Regexp // the same, to make behind of
	looksBack bool           // whether what stands before a match matters
	behind    *regexp.Regexp // searches behind the first character, see search.find; made when needed
	size      int            // instructions, about; 0 of a text without any meaning, which is found by comparing
}

// Patterns are those that a Lua state has compiled, by flags, "/" and source.
type patterns struct {
	known map[string]*pattern
	size  int // instructions of them all
}

// Bounds of patterns: when one is passed, all are forgotten. Most scripts have
// a handful.
const (
	maxPatterns     = 64
	maxPatternsSize = 10 * maxProgram
)

// newRe makes the module re.
func (b *binding) newRe(L *lua.LState) *lua.LTable {
	functions := map[string]lua.LGFunction{"compile": b.reCompile, "escape": reEscape}
	methods := L.CreateTable(0, 6)
	for name, f := range searches() {
		functions[name] = func(L *lua.LState) int {
			p := positional{L, "re." + name}
			s := p.text(1, "s")
			return f(&search{positional: p, binding: b, s: s, pattern: b.patternOf(p)})
		}
		methods.RawSetString(name, b.function(L, func(L *lua.LState) int {
			p := positional{L, "re." + name}
			pattern := patternValue(L.Get(1))
			if pattern == nil {
				p.refuse("use p:%s(), not p.%s()", name, name)
			}
			return f(&search{positional: p, binding: b, s: p.text(2, "s"), pattern: pattern})
		}))
	}
	behind := L.CreateTable(0, 1)
	behind.RawSetString("__index", b.missing(L, "pattern", "method", methods))
	methods.Metatable = behind
	meta := L.NewTypeMetatable("popherd.pattern")
	meta.RawSetString("__index", methods)
	meta.RawSetString("__tostring", b.function(L, patternToString))
	meta.RawSetString("__metatable", lua.LString("pattern"))
	return b.newModule(L, "re", functions, nil)
}

// patternValue returns the pattern behind v, or nil.
func patternValue(v lua.LValue) *pattern {
	if object, ok := v.(*lua.LUserData); ok {
		p, _ := object.Value.(*pattern)
		return p
	}
	return nil
}

func patternToString(L *lua.LState) int {
	p := patternValue(L.Get(1))
	if p == nil {
		raise(L, KindValueError, "not a pattern")
	}
	L.Push(lua.LString("pattern " + quote(p.source)))
	return 1
}

// patternOf returns argument 2, a pattern or its source.
func (b *binding) patternOf(p positional) *pattern {
	if compiled := patternValue(p.Get(2)); compiled != nil {
		return compiled
	}
	return b.pattern(p, p.text(2, "pattern"), "")
}

// reCompile is re.compile(pattern [, flags]).
func (b *binding) reCompile(L *lua.LState) int {
	p := positional{L, "re.compile"}
	source, flags := p.text(1, "pattern"), p.textOr(2, "flags", "")
	if strings.Trim(flags, "ims") != "" {
		p.refuse(`flags must be letters of "ims", got %s`, quote(flags))
	}
	object := L.NewUserData()
	object.Value = b.pattern(p, source, flags)
	object.Metatable = L.GetTypeMetatable("popherd.pattern")
	return p.give(object)
}

// pattern returns a pattern, compiled now or before.
func (b *binding) pattern(p positional, source, flags string) *pattern {
	if len(source) > maxPattern {
		p.refuse("pattern has %d octets, more than %d", len(source), maxPattern)
	}
	key := flags + "/" + source
	if known, ok := b.patterns.known[key]; ok {
		return known
	}
	made, err := newPattern(strings.Clone(source), flags)
	if err != nil {
		p.refuse("pattern %s: %s", quote(source), patternFault(source, err))
	}
	if b.patterns.known == nil || len(b.patterns.known) == maxPatterns || b.patterns.size+made.size > maxPatternsSize {
		b.patterns = patterns{known: map[string]*pattern{}}
	}
	b.patterns.known[key] = made
	b.patterns.size += made.size
	return made
}

// newPattern compiles what is within bounds. The size is estimated before, for
// compiling takes memory that no bound of RE2's own keeps small.
func newPattern(source, flags string) (*pattern, error) {
	prefix := ""
	if flags != "" {
		prefix = "(?" + flags + ")"
	}
	tree, err := syntax.Parse(prefix+source, syntax.Perl)
	if err != nil {
		return nil, err
	}
	p := &pattern{source: source, tree: tree, looksBack: looksBack(tree), size: programSize(tree)}
	if p.size > maxProgram {
		return nil, fmt.Errorf("it comes to %d instructions, more than %d", p.size, maxProgram)
	}
	if n := tree.MaxCap(); n > maxCaptures {
		return nil, fmt.Errorf("%d captures are more than %d", n, maxCaptures)
	}
	if p.first, err = regexp.Compile(prefix + source); err != nil {
		return nil, err
	}
	if _, literal := p.first.LiteralPrefix(); literal {
		p.size = 0
	}
	return p, nil
}

// patternFault is RE2's reason, and where, if that can be told.
func patternFault(source string, err error) string {
	var fault *syntax.Error
	if !errors.As(err, &fault) {
		return err.Error()
	}
	text := string(fault.Code)
	if fault.Expr != "" && fault.Expr != source {
		text += " " + quote(fault.Expr)
		if strings.Count(source, fault.Expr) == 1 {
			text = at(strings.Index(source, fault.Expr), text)
		}
	}
	switch {
	case fault.Code == syntax.ErrInvalidPerlOp:
		text += "; there is no look-ahead and no look-behind"
	case fault.Code == syntax.ErrInvalidEscape && strings.Trim(fault.Expr, `\123456789`) == "":
		text += "; there are no back-references"
	}
	return text
}

// at says where in a text something is wrong. Lua counts from 1.
func at(offset int, text string) string { return fmt.Sprintf("octet %d: %s", offset+1, text) }

// looksBack reports whether a pattern has ^, \A, \b or \B.
func looksBack(tree *syntax.Regexp) bool {
	switch tree.Op {
	case syntax.OpBeginLine, syntax.OpBeginText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return true
	}
	for _, sub := range tree.Sub {
		if looksBack(sub) {
			return true
		}
	}
	return false
}

// programSize estimates the instructions of a pattern. A class is one, but has
// a table.
func programSize(tree *syntax.Regexp) int {
	n := 1 + len(tree.Rune)
	if tree.Op == syntax.OpCharClass {
		n = 1 + len(tree.Rune)/64
	}
	for _, sub := range tree.Sub {
		n += programSize(sub)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max, 1)
	}
	return min(n, 1<<30)
}

// reEscape is re.escape(s): a pattern that matches s itself. An octet that is
// not UTF-8 can only be matched as any such octet.
func reEscape(L *lua.LState) int {
	p := positional{L, "re.escape"}
	s := p.text(1, "s")
	var escaped strings.Builder
	for _, r := range regexp.QuoteMeta(s) {
		if r == utf8.RuneError {
			escaped.WriteString(`\x{FFFD}`)
		} else {
			escaped.WriteRune(r)
		}
		p.mayHave(escaped.Len(), s)
	}
	return p.give(lua.LString(escaped.String()))
}
