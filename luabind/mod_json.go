package luabind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// maxDepth is how deep arrays and objects may be nested in JSON.
const maxDepth = 100

// jsonNull is the value behind json.null.
type jsonNull struct{}

// newJSON makes the module json.
func (b *binding) newJSON(L *lua.LState) *lua.LTable {
	b.array = L.CreateTable(0, 0)
	null := L.NewUserData()
	null.Value = jsonNull{}
	meta := L.CreateTable(0, 2)
	meta.RawSetString("__tostring", b.function(L, func(L *lua.LState) int {
		L.Push(lua.LString("json.null"))
		return 1
	}))
	meta.RawSetString("__metatable", lua.LString("json.null"))
	null.Metatable = meta
	return b.newModule(L, "json", map[string]lua.LGFunction{
		"array":  b.jsonArray,
		"encode": b.jsonEncode,
		"decode": func(L *lua.LState) int { return b.jsonDecode(L, null) },
	}, map[string]lua.LValue{"null": null})
}

// jsonArray is json.array([t]): t, marked as an array however empty it is.
func (b *binding) jsonArray(L *lua.LState) int {
	p := positional{L, "json.array"}
	if L.Get(1) == lua.LNil {
		L.SetTop(0)
		L.Push(L.CreateTable(0, 0))
	}
	table, ok := L.Get(1).(*lua.LTable)
	if !ok {
		p.refuse("wants a table, got %s", describe(L.Get(1)))
	}
	if table.Metatable != lua.LNil && table.Metatable != b.array {
		p.refuse("the table has a metatable already")
	}
	table.Metatable = b.array
	return p.give(table)
}

// jsonEncode is json.encode(value [, {indent=}]).
func (b *binding) jsonEncode(L *lua.LState) int {
	p := positional{L, "json.encode"}
	e := &encoder{positional: p, array: b.array, stop: func() error { return b.stopped(L) }}
	a := p.named(2, "indent")
	if v := a.get("indent"); v != lua.LNil {
		n, ok := integer(v)
		if !ok || n < 0 || n > 8 {
			a.refuse("indent must be an integer from 0 to 8, got %s", describe(v))
		}
		e.indent = n
	}
	if L.GetTop() == 0 {
		p.refuse("wants a value")
	}
	e.value(L.Get(1))
	return p.give(lua.LString(e.out))
}

// An encoder writes JSON, and raises what JSON has no words for. Metamethods
// are not called.
type encoder struct {
	positional
	array  *lua.LTable
	indent int
	out    []byte
	path   []lua.LValue  // keys from the root to where it is
	within []*lua.LTable // the tables on that path
	tables int           // written so far
	stop   func() error
}

func (e *encoder) value(v lua.LValue) {
	switch v := v.(type) {
	case lua.LBool:
		e.out = strconv.AppendBool(e.out, bool(v))
	case lua.LNumber:
		e.number(float64(v))
	case lua.LString:
		e.text(string(v))
	case *lua.LTable:
		e.tableOf(v)
	default:
		if object, ok := v.(*lua.LUserData); ok && object.Value == (jsonNull{}) {
			e.out = append(e.out, "null"...)
			break
		}
		what := v.Type().String()
		if v == lua.LNil {
			what = "nil; use json.null"
		}
		e.cannot("%s has no JSON: %s", e.place(), what)
	}
	e.bound()
}

func (e *encoder) bound() { e.mayHave(len(e.out), "") }

func (e *encoder) cannot(format string, args ...any) {
	e.refuse(format, args...)
}

// place is where the encoder stands: "value.list[3]".
func (e *encoder) place() string {
	path := "value"
	for _, key := range e.path {
		if name, ok := key.(lua.LString); ok {
			path += "." + strings.Trim(quote(string(name)), `"`)
		} else {
			path += "[" + key.String() + "]"
		}
		if len(path) > 100 {
			return path[:100] + "..."
		}
	}
	return path
}

// number writes the shortest text that is the same number; whole ones without
// a fraction, as JavaScript does (ECMA-262, Number::toString).
func (e *encoder) number(v float64) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		e.cannot("%s has no JSON: %s", e.place(), lua.LNumber(v))
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	e.out = strconv.AppendFloat(e.out, v, format, -1, 64)
}

// text writes a string. What is not UTF-8 cannot be in JSON (RFC 8259, section
// 8.1): each such octet becomes U+FFFD.
func (e *encoder) text(s string) {
	const hexDigits = "0123456789abcdef"
	e.out = append(e.out, '"')
	start := 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if plain := r >= ' ' && r != '"' && r != '\\' && r != 0x7F; plain && !(r == utf8.RuneError && n == 1) {
			i += n
			continue
		}
		e.out = append(e.out, s[start:i]...)
		e.bound()
		switch {
		case r == utf8.RuneError:
			e.out = append(e.out, "\uFFFD"...)
		case r == '"', r == '\\':
			e.out = append(e.out, '\\', byte(r))
		case strings.ContainsRune("\b\t\n\f\r", r):
			e.out = append(e.out, '\\', "btn.fr"[r-'\b'])
		default:
			e.out = append(e.out, '\\', 'u', '0', '0', hexDigits[r>>4], hexDigits[r&15])
		}
		i += n
		start = i
	}
	e.out = append(append(e.out, s[start:]...), '"')
}

func (e *encoder) tableOf(t *lua.LTable) {
	if slices.Contains(e.within, t) {
		e.cannot("%s is a table that it is in itself", e.place())
	}
	if len(e.within) == maxDepth {
		e.cannot("%s is nested more than %d deep", e.place(), maxDepth)
	}
	if e.tables++; e.tables%1024 == 0 {
		if err := e.stop(); err != nil {
			Raise(e.LState, err)
		}
	}
	e.within = append(e.within, t)
	names, length := e.shape(t)
	switch {
	case length > 0:
		e.list(t, length)
	case len(names) == 0 && t.Metatable == e.array:
		e.out = append(e.out, "[]"...)
	default:
		e.object(t, names)
	}
	e.within = e.within[:len(e.within)-1]
}

// shape returns a table's names, sorted, or its length. A table that is
// neither an array nor an object is refused: JSON has no third.
func (e *encoder) shape(t *lua.LTable) (names []string, length int) {
	numbers, last := 0, 0.0
	t.ForEach(func(key, _ lua.LValue) {
		switch key := key.(type) {
		case lua.LString:
			names = append(names, string(key))
		case lua.LNumber:
			numbers++
			last = max(last, float64(key))
			if float64(key) != math.Trunc(float64(key)) || key < 1 {
				e.cannot("%s has the key %s; keys must be strings, or 1, 2, 3 ...", e.place(), key)
			}
		default:
			e.cannot("%s has a key that is a %s; keys must be strings, or 1, 2, 3 ...", e.place(), key.Type())
		}
	})
	switch {
	case numbers > 0 && len(names) > 0:
		e.cannot("%s has the key %s beside numbers; JSON has arrays and objects, not both in one", e.place(), quote(names[0]))
	case float64(numbers) != last:
		e.cannot("%s has %d entries but the last is number %s; fill the holes with json.null, or make the keys strings", e.place(), numbers, lua.LNumber(last))
	case t.Metatable == e.array && len(names) > 0:
		e.cannot("%s is a json.array with the key %s", e.place(), quote(names[0]))
	}
	slices.Sort(names)
	return names, numbers
}

func (e *encoder) list(t *lua.LTable, length int) {
	e.out = append(e.out, '[')
	e.path = append(e.path, lua.LNil)
	for i := range length {
		e.path[len(e.path)-1] = lua.LNumber(i + 1)
		e.newEntry(i)
		e.value(t.RawGet(lua.LNumber(i + 1)))
	}
	e.path = e.path[:len(e.path)-1]
	e.newLine(len(e.path))
	e.out = append(e.out, ']')
}

func (e *encoder) object(t *lua.LTable, names []string) {
	e.out = append(e.out, '{')
	e.path = append(e.path, lua.LNil)
	for i, name := range names {
		e.path[len(e.path)-1] = lua.LString(name)
		e.newEntry(i)
		e.text(name)
		e.out = append(e.out, ':')
		if e.indent > 0 {
			e.out = append(e.out, ' ')
		}
		e.value(t.RawGetString(name))
	}
	e.path = e.path[:len(e.path)-1]
	if len(names) > 0 {
		e.newLine(len(e.path))
	}
	e.out = append(e.out, '}')
}

func (e *encoder) newEntry(i int) {
	if i > 0 {
		e.out = append(e.out, ',')
	}
	e.newLine(len(e.path))
}

func (e *encoder) newLine(depth int) {
	if e.indent > 0 {
		e.out = fmt.Appendf(e.out, "\n%*s", depth*e.indent, "")
	}
}
