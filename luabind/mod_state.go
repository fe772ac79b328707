package luabind

import (
	"math"
	"strconv"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// Bounds of what module state keeps.
const (
	maxStateName  = 255
	maxStateValue = 64<<10 - 1                // octets of a string; one more may mark it
	maxExact      = 1 << 53                   // whole numbers of Lua are exact to here
	maxExpiry     = 100 * 365 * secondsPerDay // seconds
)

// newState makes the module state: what a script keeps from run to run.
func (b *binding) newState(L *lua.LState) *lua.LTable {
	return b.newModule(L, "state", map[string]lua.LGFunction{
		"get":    b.stateGet,
		"set":    b.stateSet,
		"incr":   b.stateIncr,
		"expire": b.stateExpire,
	}, nil)
}

// values are where the host keeps them.
func (b *binding) values(p positional) Values {
	if b.grants.State == nil {
		raise(p.LState, KindPolicy, p.call+": nothing is kept from run to run here; run the script with --state-dir DIR")
	}
	values, err := b.grants.State()
	if err != nil {
		Raise(p.LState, hostError(p.call, err))
	}
	return values
}

// stateName returns argument 1, the name of a value.
func (p positional) stateName() string {
	name := p.text(1, "name")
	if name == "" || len(name) > maxStateName {
		p.refuse("name must be a string of 1 to %d octets, got %s", maxStateName, quote(name))
	}
	return strings.Clone(name)
}

// stateGet is state.get(name): the value, or nil.
func (b *binding) stateGet(L *lua.LState) int {
	p := positional{L, "state.get"}
	name := p.stateName()
	text, ok, err := b.values(p).Get(b.grants.context(), name)
	if err != nil {
		Raise(L, hostError(p.call, err))
	}
	if !ok {
		return p.give(lua.LNil)
	}
	return p.give(kept(text))
}

// stateSet is state.set(name, value [, seconds]).
func (b *binding) stateSet(L *lua.LState) int {
	p := positional{L, "state.set"}
	name := p.stateName()
	if L.GetTop() < 2 {
		p.refuse("wants a value; nil removes the one that is there")
	}
	text, expires := p.toKeep(2), b.expiry(p, 3)
	if err := b.values(p).Set(b.grants.context(), name, text, expires); err != nil {
		Raise(L, hostError(p.call, err))
	}
	return 0
}

// stateIncr is state.incr(name [, by]): the sum.
func (b *binding) stateIncr(L *lua.LState) int {
	p := positional{L, "state.incr"}
	name, by := p.stateName(), 1.0
	if L.Get(2) != lua.LNil {
		by = p.number(2, "by")
	}
	if by != math.Trunc(by) || math.Abs(by) > maxExact {
		p.refuse("by must be a whole number of at most 2^53, got %s", describe(L.Get(2)))
	}
	values := b.values(p)
	text, ok, err := values.Get(b.grants.context(), name)
	if err != nil {
		Raise(L, hostError(p.call, err))
	}
	before, err := strconv.ParseInt(text, 10, 64)
	if ok && err != nil {
		p.refuse("%s is %s, not a whole number", quote(name), describe(kept(text)))
	}
	if !exact(before) || !exact(before+int64(by)) {
		p.tooLarge("the sum of %d and %d is beyond 2^53", before, int64(by))
	}
	sum, err := values.Incr(b.grants.context(), name, int64(by))
	if err != nil {
		Raise(L, hostError(p.call, err))
	}
	return p.give(lua.LNumber(sum))
}

// exact reports whether Lua has a whole number as it is.
func exact(n int64) bool { return -maxExact <= n && n <= maxExact }

// stateExpire is state.expire(name, seconds or nil): whether the value is there.
func (b *binding) stateExpire(L *lua.LState) int {
	p := positional{L, "state.expire"}
	name := p.stateName()
	if L.GetTop() < 2 {
		p.refuse("wants seconds; nil is never")
	}
	expires := b.expiry(p, 2)
	ok, err := b.values(p).Expire(b.grants.context(), name, expires)
	if err != nil {
		Raise(L, hostError(p.call, err))
	}
	return p.give(lua.LBool(ok))
}

// expiry returns argument n, seconds from now, as a moment; for nil the zero
// time, which is never.
func (b *binding) expiry(p positional, n int) time.Time {
	if p.Get(n) == lua.LNil {
		return time.Time{}
	}
	seconds := p.number(n, "seconds")
	if seconds <= 0 || seconds > maxExpiry {
		p.refuse("seconds must be more than 0 and at most %d (100 years), got %s", int64(maxExpiry), describe(p.Get(n)))
	}
	return b.grants.now().Add(time.Duration(seconds * float64(time.Second)))
}

// A value that is kept is a text. Numbers and booleans are as Lua writes them;
// so are strings, save that one which would be read as something else has
// stringMark before it: a unique-id of digits comes back as what it was.
const stringMark = "'"

// toKeep returns argument n as the text that is kept; nil for nil.
func (p positional) toKeep(n int) *string {
	text := ""
	switch v := p.Get(n).(type) {
	case *lua.LNilType:
		return nil
	case lua.LBool:
		text = v.String()
	case lua.LNumber:
		text = decimalText(p.number(n, "value"))
	case lua.LString:
		if len(v) > maxStateValue {
			p.tooLarge("value has %d octets, at most %d are kept", len(v), maxStateValue)
		}
		text = strings.Clone(string(v))
		if kept(text) != v {
			text = stringMark + text
		}
	default:
		p.refuse("value must be a string, a number, a boolean or nil, got %s; json.encode makes a string of a table", describe(v))
	}
	return &text
}

// kept is the value that a text keeps.
func kept(text string) lua.LValue {
	if text == "true" || text == "false" {
		return lua.LBool(text == "true")
	}
	if rest, marked := strings.CutPrefix(text, stringMark); marked {
		return lua.LString(rest)
	}
	// Only what decimalText writes is a number, or a sum of Incr.
	if number, err := strconv.ParseFloat(text, 64); err == nil && decimalText(number) == text {
		return lua.LNumber(number)
	}
	return lua.LString(text)
}

// decimalText writes a number so that it is read back as it was, a whole one
// as Incr takes it.
func decimalText(number float64) string {
	if number == math.Trunc(number) && math.Abs(number) <= maxExact {
		return strconv.FormatInt(int64(number), 10)
	}
	return strconv.FormatFloat(number, 'g', -1, 64)
}
