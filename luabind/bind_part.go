package luabind

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
)

// partFields are the fields of a part. Name is fit for a file: without a
// path, without controls; "" if the part has none.
func partFields() map[string]func(*message.Part) lua.LValue {
	return map[string]func(*message.Part) lua.LValue{
		"name":        func(p *message.Part) lua.LValue { return lua.LString(p.Name) },
		"type":        func(p *message.Part) lua.LValue { return lua.LString(p.Type) },
		"charset":     func(p *message.Part) lua.LValue { return lua.LString(p.Charset) },
		"encoding":    func(p *message.Part) lua.LValue { return lua.LString(p.Encoding) },
		"disposition": func(p *message.Part) lua.LValue { return lua.LString(p.Disposition) },
		"content_id":  func(p *message.Part) lua.LValue { return lua.LString(p.ContentID) },
		"size":        func(p *message.Part) lua.LValue { return lua.LNumber(p.Size()) },
	}
}

// A partMethod is a method of parts, told its own name.
type partMethod func(b *binding, L *lua.LState, p *message.Part, method string) lua.LValue

func partMethods() map[string]partMethod {
	return map[string]partMethod{
		"content": func(_ *binding, _ *lua.LState, p *message.Part, _ string) lua.LValue {
			return lua.LString(p.Content())
		},
		"text": func(_ *binding, _ *lua.LState, p *message.Part, _ string) lua.LValue {
			return lua.LString(p.Text())
		},
		"save": (*binding).partSave,
	}
}

// partSave is part:save(target): the name of the file.
func (b *binding) partSave(L *lua.LState, part *message.Part, method string) lua.LValue {
	p := positional{L, method}
	target := p.text(2, "target")
	if fault := targetFault(target); fault != "" {
		p.refuse("%s", fault)
	}
	if b.grants.Save == nil {
		raise(L, KindPolicy, method+": saving files is not granted; allow it with --allow-write=DIR")
	}
	suggested := part.Name
	if suggested == "" {
		suggested = "attachment"
	}
	name, err := b.grants.Save(b.grants.context(), strings.Clone(target), suggested, part.Content())
	if err != nil {
		Raise(L, hostError(method, err))
	}
	return lua.LString(name)
}

// newPartType makes the metatable of parts.
func (b *binding) newPartType(L *lua.LState) *lua.LTable {
	methods, fields := map[string]*lua.LFunction{}, partFields()
	for name, method := range partMethods() {
		methods[name] = b.function(L, func(L *lua.LState) int {
			p := partValue(L.Get(1))
			if p == nil {
				raise(L, KindValueError, fmt.Sprintf("%s: use part:%s(), not part.%s()", name, name, name))
			}
			L.Push(method(b, L, p, name))
			return 1
		})
	}
	index := func(L *lua.LState) int {
		p, key := partValue(L.Get(1)), L.Get(2).String()
		if method, ok := methods[key]; ok {
			L.Push(method)
			return 1
		}
		field, ok := fields[key]
		if p == nil || !ok {
			raise(L, KindValueError, unknownName("part", "method or field", key, append(keys(methods), keys(fields)...)))
		}
		L.Push(field(p))
		return 1
	}
	return b.closed(L, "part", map[string]lua.LGFunction{"__index": index, "__tostring": partToString})
}

func partValue(v lua.LValue) *message.Part {
	if object, ok := v.(*lua.LUserData); ok {
		p, _ := object.Value.(*message.Part)
		return p
	}
	return nil
}

func partToString(L *lua.LState) int {
	p := partValue(L.Get(1))
	if p == nil {
		raise(L, KindValueError, "not a part")
	}
	text := "part " + p.Type
	if p.Name != "" {
		text += " " + quote(p.Name)
	}
	L.Push(lua.LString(text))
	return 1
}

// newParts makes a list of parts.
func (b *binding) newParts(L *lua.LState, parts []*message.Part, meta *lua.LTable) *lua.LTable {
	table := L.CreateTable(len(parts), 0)
	for _, p := range parts {
		table.Append(&lua.LUserData{Value: p, Env: L.Env, Metatable: b.message.part})
	}
	table.Metatable = meta
	return table
}
