package luatest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// most is how many differences are worth reading.
const most = 10

// differences says where two values differ, one place a line; nothing if they
// are equal. Tables are equal when their contents are, metatables apart.
func differences(got, want lua.LValue) []string {
	c := comparison{seen: map[[2]*lua.LTable]bool{}}
	c.compare("", got, want)
	if len(c.lines) > most {
		return append(c.lines[:most], fmt.Sprintf("and %d more", len(c.lines)-most))
	}
	return c.lines
}

type comparison struct {
	seen  map[[2]*lua.LTable]bool // tables being compared, which may hold themselves
	lines []string
}

func (c *comparison) compare(path string, got, want lua.LValue) {
	a, ok1 := got.(*lua.LTable)
	b, ok2 := want.(*lua.LTable)
	if !ok1 || !ok2 {
		if got != want {
			c.differ(path, got, want)
		}
		return
	}
	if pair := [2]*lua.LTable{a, b}; !c.seen[pair] {
		c.seen[pair] = true
		for _, key := range allKeys(a, b) {
			c.compare(path+index(key), a.RawGet(key), b.RawGet(key))
		}
	}
}

func (c *comparison) differ(path string, got, want lua.LValue) {
	if path != "" {
		path += ": "
	}
	left, right := show(got), show(want)
	if a, ok := got.(lua.LString); ok {
		if b, ok := want.(lua.LString); ok {
			left, right = around(string(a), string(b))
		}
	}
	c.lines = append(c.lines, fmt.Sprintf("%sgot %s, want %s", path, left, right))
}

// around shows two strings where they begin to differ, if they are long.
func around(a, b string) (string, string) {
	const near, long = 20, 80
	if len(a) <= long && len(b) <= long {
		return fmt.Sprintf("%q", a), fmt.Sprintf("%q", b)
	}
	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}
	cut := func(s string) string {
		from, to := max(0, at-near), min(len(s), at+near)
		return fmt.Sprintf("%q (%d octets, from %d)", s[from:to], len(s), from)
	}
	return cut(a), cut(b)
}

// allKeys returns the keys of both tables: numbers first, each kind in order.
func allKeys(tables ...*lua.LTable) []lua.LValue {
	var all []lua.LValue
	known := map[lua.LValue]bool{}
	for _, table := range tables {
		table.ForEach(func(key, _ lua.LValue) {
			if !known[key] {
				known[key] = true
				all = append(all, key)
			}
		})
	}
	slices.SortFunc(all, func(a, b lua.LValue) int {
		x, ok1 := a.(lua.LNumber)
		y, ok2 := b.(lua.LNumber)
		switch {
		case ok1 && ok2:
			return cmp.Compare(x, y)
		case ok1:
			return -1
		case ok2:
			return 1
		}
		return strings.Compare(a.String(), b.String())
	})
	return all
}

// index writes a key as it follows a table: ".name" or "[3]".
func index(key lua.LValue) string {
	if name, ok := key.(lua.LString); ok && !strings.ContainsFunc(string(name), odd) && name != "" {
		return "." + string(name)
	}
	return "[" + show(key) + "]"
}

// odd letters cannot be in a name.
func odd(r rune) bool {
	return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}

// show writes a value for people, at most some 200 octets of it.
func show(v lua.LValue) string {
	text := showWithin(v, 3)
	if len(text) > 200 {
		text = text[:200] + "..."
	}
	return text
}

func showWithin(v lua.LValue, depth int) string {
	switch v := v.(type) {
	case lua.LString:
		return fmt.Sprintf("%q", string(v))
	case *lua.LUserData:
		if kind, text := errorText(v); kind != "" {
			return text
		}
	case *lua.LTable:
		if depth == 0 {
			return "{...}"
		}
		return showTable(v, depth)
	}
	return v.String()
}

func showTable(table *lua.LTable, depth int) string {
	var fields []string
	for _, key := range allKeys(table) {
		value := showWithin(table.RawGet(key), depth-1)
		switch name, ok := key.(lua.LString); {
		case !ok && len(fields) < table.Len():
		case ok && !strings.ContainsFunc(string(name), odd):
			value = string(name) + "=" + value
		default:
			value = "[" + showWithin(key, 0) + "]=" + value
		}
		fields = append(fields, value)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}
