package luabind

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
)

// newTime makes the module time, whose moments are seconds since 1970 in UTC.
func (b *binding) newTime(L *lua.LState) *lua.LTable {
	return b.newModule(L, "time", map[string]lua.LGFunction{
		"now":   b.timeNow,
		"parse": timeParse,
	}, nil)
}

// timeNow is time.now: the present moment, whole seconds.
func (b *binding) timeNow(L *lua.LState) int {
	now := time.Now
	if b.grants.Now != nil {
		now = b.grants.Now
	}
	L.Push(lua.LNumber(now().Unix()))
	return 1
}

// timeParse is time.parse: the moment that the value of a Date field names, or
// nil and why it names none.
func timeParse(L *lua.LState) int {
	value, ok := L.Get(1).(lua.LString)
	if !ok {
		raise(L, KindValueError, "time.parse: date must be a string, got "+describe(L.Get(1)))
	}
	moment, err := message.ParseDate(string(value))
	if err != nil {
		L.Push(lua.LNil)
		L.Push(lua.LString(err.Error()))
		return 2
	}
	L.Push(lua.LNumber(moment.Unix()))
	return 1
}
