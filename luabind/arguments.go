package luabind

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Arguments are those of a call by name: "retr: message number must be ...".
// They come by position or, for the constructors, as fields of one table.
type arguments struct {
	L     *lua.LState
	call  string // "retr"
	named map[string]lua.LValue
}

// takeArguments reads a call's arguments by position, or from the one table
// that stands for them all. The names are Python's.
func takeArguments(L *lua.LState, call string, names ...string) arguments {
	if table, ok := L.Get(1).(*lua.LTable); ok && L.GetTop() == 1 {
		return namedArguments(L, call, table, names...)
	}
	a := arguments{L: L, call: call, named: map[string]lua.LValue{}}
	if L.GetTop() > len(names) {
		a.refuse("takes at most %d arguments (%s), got %d", len(names), strings.Join(names, ", "), L.GetTop())
	}
	for i, name := range names {
		a.named[name] = L.Get(i + 1)
	}
	return a
}

// namedArguments reads a call's arguments from a table.
func namedArguments(L *lua.LState, call string, table *lua.LTable, names ...string) arguments {
	a := arguments{L: L, call: call, named: map[string]lua.LValue{}}
	table.ForEach(func(key, _ lua.LValue) {
		if _, ok := key.(lua.LString); !ok {
			a.refuse("wants named arguments in a table, such as %s{%s=...}", call, names[0])
		}
	})
	for _, key := range stringKeys(table) {
		if !slices.Contains(names, key) {
			raise(L, KindValueError, unknownName(call, "argument", key, names))
		}
		a.named[key] = table.RawGetString(key)
	}
	return a
}

// get returns an argument, nil if it was not given.
func (a arguments) get(name string) lua.LValue {
	if v, ok := a.named[name]; ok {
		return v
	}
	return lua.LNil
}

func (a arguments) refuse(format string, args ...any) {
	raise(a.L, KindValueError, a.call+": "+fmt.Sprintf(format, args...))
}

// text returns an argument that is a string, or "" if it was not given.
func (a arguments) text(name string) string {
	switch v := a.get(name).(type) {
	case lua.LString:
		return string(v)
	case *lua.LNilType:
	default:
		a.refuse("%s must be a string, got %s", name, describe(v))
	}
	return ""
}

// host returns the host's name, which must be one word.
func (a arguments) host() string {
	v, ok := a.get("host").(lua.LString)
	if !ok {
		a.refuse("host must be a string, got %s", describe(a.get("host")))
	}
	host := string(v)
	if host == "" || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == 0x7F }) {
		a.refuse("host must be a host name, got %s", quote(host))
	}
	return host
}

// port returns the port, or def if none was given.
func (a arguments) port(def int) int {
	v := a.get("port")
	if v == lua.LNil {
		return def
	}
	port, ok := integer(v)
	if !ok || port < 1 || port > 65535 {
		a.refuse("port must be an integer from 1 to 65535, got %s", describe(v))
	}
	return port
}

// timeout returns the seconds given, at most limit, or def if none were given.
// What poplib refuses is refused in its words.
func (a arguments) timeout(def, limit time.Duration) time.Duration {
	v := a.get("timeout")
	if v == lua.LNil {
		return def
	}
	seconds, ok := v.(lua.LNumber)
	switch {
	case v == lua.LFalse, ok && seconds == 0:
		raise(a.L, KindValueError, "Non-blocking socket (timeout=0) is not supported")
	case !ok || math.IsNaN(float64(seconds)):
		a.refuse("timeout must be a number of seconds, got %s", describe(v))
	case seconds < 0:
		raise(a.L, KindValueError, "Timeout value out of range")
	}
	if limit <= 0 {
		limit = math.MaxInt64
	}
	if float64(seconds) >= limit.Seconds() {
		return limit
	}
	return max(1, time.Duration(float64(seconds)*float64(time.Second)))
}

// integer reads a whole number that RFC 1939's counts can have, from a number
// or from a string of digits.
func integer(v lua.LValue) (int, bool) {
	switch v := v.(type) {
	case lua.LNumber:
		n := int(v)
		return n, v >= -math.MaxInt32 && v <= math.MaxInt32 && lua.LNumber(n) == v
	case lua.LString:
		n, err := strconv.ParseUint(string(v), 10, 31)
		return int(n), err == nil
	}
	return 0, false
}

// messageNumber reads argument n of a method as a message-number, as it goes
// on the wire. A string may be any word, which the server judges.
func messageNumber(L *lua.LState, n int, method string, least int) string {
	v := L.Get(n)
	if word, ok := v.(lua.LString); ok {
		if !isWord(string(word)) {
			raise(L, KindValueError, fmt.Sprintf("%s: message number must be one word of ASCII, got %s", method, quote(string(word))))
		}
		return string(word)
	}
	number, ok := integer(v)
	if !ok || number < least {
		raise(L, KindValueError, fmt.Sprintf("%s: message number must be a positive integer, got %s", method, describe(v)))
	}
	return strconv.Itoa(number)
}

// isWord reports whether s is printable ASCII without blanks.
func isWord(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// lineCount reads argument n of a method as a number of lines.
func lineCount(L *lua.LState, n int, method string) string {
	number, ok := integer(L.Get(n))
	if !ok || number < 0 {
		raise(L, KindValueError, fmt.Sprintf("%s: number of lines must be an integer of 0 or more, got %s", method, describe(L.Get(n))))
	}
	return strconv.Itoa(number)
}

// secretText reads argument n of a method as a string that errors do not show.
func secretText(L *lua.LState, n int, method, name string) string {
	v := L.Get(n)
	if !lua.LVCanConvToString(v) {
		raise(L, KindValueError, fmt.Sprintf("%s: %s must be a string, got %s", method, name, v.Type()))
	}
	return lua.LVAsString(v)
}

// describe shows a wrong argument.
func describe(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return quote(string(v))
	case lua.LNumber, lua.LBool:
		return v.String()
	}
	return v.Type().String()
}
