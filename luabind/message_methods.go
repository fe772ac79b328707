package luabind

import (
	lua "github.com/yuin/gopher-lua"
)

// A messageMethod is a method of message objects, told its own name. Its
// arguments are from position 2 on.
type messageMethod func(L *lua.LState, m *messageObject, method string) int

func messageMethods() map[string]messageMethod {
	return map[string]messageMethod{
		"header":         messageHeader,
		"headers":        messageHeaders,
		"raw_header":     messageRawHeader,
		"age":            messageAge,
		"text":           messageText,
		"html":           messageHTML,
		"parts":          messageParts,
		"attachments":    messageAttachments,
		"has_attachment": messageHasAttachment,
		"raw":            messageRaw,
		"lines":          messageLines,
		"delete":         messageDelete,
		"keep":           messageKeep,
		"deliver":        messageDeliver,
	}
}

// messageHeader is msg:header(name): the first field of that name, decoded, or
// nil.
func messageHeader(L *lua.LState, m *messageObject, method string) int {
	p := positional{L, method}
	value, ok := m.header(L, method).Value(p.text(2, "name"))
	return p.giveText(value, ok)
}

// messageHeaders is msg:headers(name): all of them.
func messageHeaders(L *lua.LState, m *messageObject, method string) int {
	p := positional{L, method}
	return p.give(stringList(L, m.header(L, method).Values(p.text(2, "name"))))
}

// messageRawHeader is msg:raw_header(name): the first as it came, or nil.
func messageRawHeader(L *lua.LState, m *messageObject, method string) int {
	p := positional{L, method}
	value, ok := m.header(L, method).Raw(p.text(2, "name"))
	return p.giveText(value, ok)
}

// giveText returns a text, or nil if there is none.
func (p positional) giveText(s string, ok bool) int {
	if !ok {
		return p.give(lua.LNil)
	}
	return p.give(lua.LString(s))
}

func messageAge(L *lua.LState, m *messageObject, method string) int {
	L.Push(lua.LNumber(m.age(L, method)))
	return 1
}

func messageText(L *lua.LState, m *messageObject, method string) int {
	L.Push(lua.LString(m.content(L, method).Text()))
	return 1
}

func messageHTML(L *lua.LState, m *messageObject, method string) int {
	L.Push(lua.LString(m.content(L, method).HTML()))
	return 1
}

func messageParts(L *lua.LState, m *messageObject, method string) int {
	L.Push(m.binding.newParts(L, m.content(L, method).Parts(), m.binding.message.parts))
	return 1
}

func messageAttachments(L *lua.LState, m *messageObject, method string) int {
	L.Push(m.binding.newParts(L, m.content(L, method).Attachments(), m.binding.message.attachments))
	return 1
}

func messageHasAttachment(L *lua.LState, m *messageObject, method string) int {
	L.Push(lua.LBool(m.structure(L, method).HasAttachment()))
	return 1
}

// messageRaw is msg:raw(): every octet as it came.
func messageRaw(L *lua.LState, m *messageObject, method string) int {
	L.Push(m.rawText(L, method))
	return 1
}

// messageLines is msg:lines(): the lines that M:retr gives.
func messageLines(L *lua.LState, m *messageObject, method string) int {
	var lines lineTexts
	lines.Write(m.content(L, method).Octets())
	L.Push(lines.table(L))
	return 1
}

// messageDelete is msg:delete([reason]).
func messageDelete(L *lua.LState, m *messageObject, method string) int {
	return m.act(L, method, Decision{Action: ActionDelete, Reason: m.reason(L, 2, method)})
}

// messageKeep is msg:keep([reason]).
func messageKeep(L *lua.LState, m *messageObject, method string) int {
	return m.act(L, method, Decision{Action: ActionKeep, Reason: m.reason(L, 2, method)})
}

// messageDeliver is msg:deliver(target [, reason]).
func messageDeliver(L *lua.LState, m *messageObject, method string) int {
	p := positional{L, method}
	target := p.text(2, "target")
	if fault := targetFault(target); fault != "" {
		p.refuse("%s", fault)
	}
	return m.act(L, method, Decision{Action: ActionDeliver, Target: target, Reason: m.reason(L, 3, method)})
}
