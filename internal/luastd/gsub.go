package luastd

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A substitution is one call of gsub.
type substitution struct {
	*matcher
	pattern *pattern
	with    lua.LValue // string, table or function
	text    string     // with, if it is a string
	simple  bool       // text has no "%"
	limit   int        // octets
	out     strings.Builder
}

// gsub is string.gsub(s, pattern, repl [, n]).
func (lib *library) gsub(L *lua.LState) int {
	c := call{L, "gsub"}
	s := c.text(1)
	g := substitution{
		pattern: lib.pattern(c.text(2), true),
		with:    L.Get(3),
		limit:   len(s) + lib.limit.MaxString,
	}
	switch g.with.(type) {
	case lua.LString, lua.LNumber:
		g.text = c.text(3)
		g.simple = isSimple(g.text)
	case *lua.LFunction, *lua.LTable:
	default:
		c.bad(3, "string/function/table expected")
	}
	most := c.option(4, len(s)+1)
	g.matcher = lib.matcher(L, s)
	result, n := g.run(most)
	g.release()
	L.Push(lua.LString(result))
	L.Push(lua.LNumber(n))
	return 2
}

func isSimple(replacement string) bool {
	for i := range len(replacement) {
		if replacement[i] == '%' {
			return false
		}
	}
	return true
}

// run replaces at most so many matches, and counts them. done is how much of
// the subject is in out; after an empty match one octet is passed over.
func (g *substitution) run(most int) (result string, n int) {
	done, from := 0, 0
	for n < most && from <= len(g.subject) {
		start, end := g.find(g.pattern, from)
		g.raiseFault()
		if start < 0 {
			break
		}
		n++
		g.out.WriteString(g.subject[done:start])
		g.replace(start, end)
		if g.out.Len() > g.limit {
			raise(g.L, "resulting string too large: more than %d octets", g.limit)
		}
		done = end
		if from = end; end == start {
			from++
		}
		if g.pattern.anchored {
			break
		}
	}
	if n == 0 {
		return g.subject, 0
	}
	g.out.WriteString(g.subject[done:])
	return g.out.String(), n
}

// The faults of a replacement that names captures.
var (
	errCaptureIndex = errors.New("invalid capture index")
	errUnfinished   = errors.New("unfinished capture")
)

// replace writes what stands for the match from start to end.
func (g *substitution) replace(start, end int) {
	switch with := g.with.(type) {
	case *lua.LFunction:
		g.L.Push(with)
		g.L.Call(g.pushCaptures(g.pattern, start, end), 1)
		g.returned(start, end)
	case *lua.LTable:
		g.L.Push(g.L.GetTable(with, g.capture(g.pattern, 0, start, end)))
		g.returned(start, end)
	default:
		if g.simple {
			g.out.WriteString(g.text)
			return
		}
		g.expand(start, end)
	}
}

// returned writes what lies on Lua's stack; false and nil keep the match.
func (g *substitution) returned(start, end int) {
	v := g.L.Get(-1)
	g.L.Pop(1)
	if lua.LVIsFalse(v) {
		g.out.WriteString(g.subject[start:end])
		return
	}
	if !lua.LVCanConvToString(v) {
		raise(g.L, "invalid replacement value (a %s)", v.Type())
	}
	g.write(v)
}

func (g *substitution) write(v lua.LValue) {
	switch s := v.(type) {
	case lua.LString:
		g.out.WriteString(string(s))
	case lua.LNumber:
		g.out.WriteString(formatNumber(float64(s)))
	}
}

// expand writes the replacement text: %0 is the match, %1 to %9 are captures,
// and "%" before another octet is that octet. Lua 5.1 sees a NUL after the end.
func (g *substitution) expand(start, end int) {
	for i := 0; i < len(g.text); i++ {
		octet := g.text[i]
		if octet != '%' {
			g.out.WriteByte(octet)
			continue
		}
		i++
		switch {
		case i == len(g.text):
			g.out.WriteByte(0)
		case g.text[i] == '0':
			g.out.WriteString(g.subject[start:end])
		case '1' <= g.text[i] && g.text[i] <= '9':
			g.write(g.capture(g.pattern, int(g.text[i]-'1'), start, end))
		default:
			g.out.WriteByte(g.text[i])
		}
	}
}
