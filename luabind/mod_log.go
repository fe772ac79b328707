package luabind

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Bounds of a log record. What is longer is cut, since a script must not fail
// for what it has to say.
const (
	maxLogText   = 4096 // octets of the message, and of each field
	maxLogFields = 64
)

// newLog makes the module log.
func (b *binding) newLog(L *lua.LState) *lua.LTable {
	functions := map[string]lua.LGFunction{}
	for _, level := range []string{"debug", "info", "warn", "error"} {
		functions[level] = func(L *lua.LState) int { return b.log(L, level) }
	}
	return b.newModule(L, "log", functions, nil)
}

// log is log.debug, info, warn and error: (message [, fields]).
func (b *binding) log(L *lua.LState, level string) int {
	p := positional{L, "log." + level}
	message := logText(p.text(1, "message"))
	fields := p.logFields()
	if b.grants.Log != nil {
		b.grants.Log(level, message, fields)
	}
	return 0
}

// logFields reads the table of fields.
func (p positional) logFields() map[string]string {
	v := p.Get(2)
	if v == lua.LNil {
		return nil
	}
	table, ok := v.(*lua.LTable)
	if !ok {
		p.refuse("fields must be a table such as {uidl=...}, got %s", describe(v))
	}
	fields := map[string]string{}
	table.ForEach(func(key, value lua.LValue) {
		name, ok := key.(lua.LString)
		if !ok || name == "" || len(name) > 64 {
			p.refuse("a field's name must be a string of 1 to 64 octets, got %s", describe(key))
		}
		if len(fields) == maxLogFields {
			p.refuse("fields are more than %d", maxLogFields)
		}
		fields[string(name)] = p.logField(string(name), value)
	})
	return fields
}

// logField is a field's value as text. Host objects, such as errors, show
// themselves; the address of a table would tell nobody anything.
func (p positional) logField(name string, value lua.LValue) string {
	switch value.Type() {
	case lua.LTString, lua.LTNumber, lua.LTBool:
		return logText(value.String())
	case lua.LTUserData:
		if p.GetMetaField(value, "__tostring") != lua.LNil {
			return logText(p.ToStringMeta(value).String())
		}
	}
	p.refuse("field %s must be a string, a number or a boolean, got %s", quote(name), value.Type())
	return ""
}

// logText copies and cuts a text. An end within a character is the price.
func logText(s string) string {
	if len(s) <= maxLogText {
		return strings.Clone(s)
	}
	return fmt.Sprintf("%s... (%d octets)", s[:maxLogText], len(s))
}
