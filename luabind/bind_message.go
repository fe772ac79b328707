package luabind

import (
	"fmt"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
)

// A messageObject is what stands behind a script's message. Nothing of it is
// read before it is asked for, and nothing is read twice; it lives as long as
// the script holds it.
type messageObject struct {
	object  lua.LUserData // within, so that a message is one allocation
	binding *binding
	session *session // nil of a message that was parsed from text
	ahead   *ahead   // of the loop that it came from; may be nil
	place   int      // in the loop's order
	trial   *trial   // while a rule file judges it; may be nil

	num  int
	uidl string
	size int64
	seen moment // when it was listed first
	told bool   // seen is what the journal says

	head  *message.Header  // by TOP; nil until asked for, or when whole is there
	whole *message.Message // by RETR; nil until asked for
	raw   lua.LValue       // the octets by RETR as a text; nil until asked for

	// Kept once they were asked for, since every rule of a file asks again.
	from   *addressObject
	to, cc *lua.LTable
	title  lua.LValue // the subject
	sent   *moment
	lower  *lowered
}

// A moment is when a message was sent, as far as its header tells, or first
// seen, as far as anybody remembers.
type moment struct {
	seconds int64
	known   bool
}

// A messageType is what all message objects of a Lua state share.
type messageType struct {
	meta    *lua.LTable
	address *lua.LTable // the metatable of addresses,
	part    *lua.LTable // and of parts

	// The metatables of lists.
	to, cc, defects, results, parts, attachments *lua.LTable

	members map[string]messageMember
}

// A messageMember is a method, or else a field.
type messageMember struct {
	method *lua.LFunction
	field  messageField
}

// newMessageType makes the closed metatables of messages, addresses and parts.
func (b *binding) newMessageType(L *lua.LState) messageType {
	t := messageType{members: map[string]messageMember{}}
	for name, field := range messageFields() {
		t.members[name] = messageMember{field: field}
	}
	for name, method := range messageMethods() {
		f := b.function(L, func(L *lua.LState) int {
			m := messageValue(L.Get(1))
			if m == nil {
				raise(L, KindValueError, fmt.Sprintf("%s: use msg:%s(), not msg.%s()", name, name, name))
			}
			return method(L, m, name)
		})
		t.members[name] = messageMember{method: f}
	}
	t.meta = b.closed(L, "message", map[string]lua.LGFunction{"__index": b.messageIndex, "__tostring": messageToString})
	t.address = b.newAddressMeta(L)
	t.part = b.newPartType(L)
	t.to, t.cc = b.newAddressListMeta(L, "msg.to"), b.newAddressListMeta(L, "msg.cc")
	t.defects, t.results = b.newListMeta(L, "defects", "msg.defects", ""), b.newListMeta(L, "auth_results", "msg.auth_results", "method")
	t.parts, t.attachments = b.newListMeta(L, "parts", "msg:parts()", "name"), b.newListMeta(L, "attachments", "msg:attachments()", "name")
	return t
}

// closed makes the metatable of a userdata that scripts cannot write to.
func (b *binding) closed(L *lua.LState, name string, functions map[string]lua.LGFunction) *lua.LTable {
	meta := L.CreateTable(0, len(functions)+2)
	for event, f := range functions {
		meta.RawSetString(event, b.function(L, f))
	}
	meta.RawSetString("__newindex", b.function(L, func(L *lua.LState) int {
		raise(L, KindValueError, "what a "+name+" has is read-only")
		return 0
	}))
	meta.RawSetString("__metatable", lua.LString(name))
	return meta
}

// newMessage makes the object of a message. The caller fills in the rest.
func (b *binding) newMessage(L *lua.LState, num int, uidl string, size int64) *messageObject {
	m := &messageObject{binding: b, num: num, uidl: uidl, size: size}
	m.object = lua.LUserData{Value: m, Env: L.Env, Metatable: b.message.meta}
	return m
}

// messageValue returns the message behind v, or nil.
func messageValue(v lua.LValue) *messageObject {
	if object, ok := v.(*lua.LUserData); ok {
		m, _ := object.Value.(*messageObject)
		return m
	}
	return nil
}

// messageIndex finds methods and fields. It is a function and not a table,
// since a table for each message would cost more than most scripts ask of it.
func (b *binding) messageIndex(L *lua.LState) int {
	m := messageValue(L.Get(1))
	key, _ := L.Get(2).(lua.LString)
	member, ok := b.message.members[string(key)]
	if ok && member.method != nil {
		L.Push(member.method)
		return 1
	}
	if m == nil || !ok {
		raise(L, KindValueError, unknownName("message", "method or field", L.Get(2).String(), keys(b.message.members)))
	}
	L.Push(member.field(L, m))
	return 1
}

// messageToString asks the server for nothing.
func messageToString(L *lua.LState) int {
	m := messageValue(L.Get(1))
	switch {
	case m == nil:
		raise(L, KindValueError, "not a message")
	case m.session == nil:
		L.Push(lua.LString(fmt.Sprintf("message (%d octets)", m.size)))
	default:
		L.Push(lua.LString(fmt.Sprintf("message %d (%d octets)", m.num, m.size)))
	}
	return 1
}

// A messageField is what msg.name is.
type messageField func(L *lua.LState, m *messageObject) lua.LValue

// messageFields are the fields of messages. What is text is never nil, save
// the ids: two messages without an id do not have the same one.
func messageFields() map[string]messageField {
	return map[string]messageField{
		"num":  func(_ *lua.LState, m *messageObject) lua.LValue { return lua.LNumber(m.num) },
		"uidl": func(_ *lua.LState, m *messageObject) lua.LValue { return lua.LString(m.uidl) },
		"size": func(_ *lua.LState, m *messageObject) lua.LValue { return lua.LNumber(m.size) },
		"subject": func(L *lua.LState, m *messageObject) lua.LValue {
			m.subject(L)
			return m.title
		},
		"from": func(L *lua.LState, m *messageObject) lua.LValue { return &m.sender(L, "from").object },
		"to": func(L *lua.LState, m *messageObject) lua.LValue {
			return m.addresses(L, &m.to, "to", m.binding.message.to)
		},
		"cc": func(L *lua.LState, m *messageObject) lua.LValue {
			return m.addresses(L, &m.cc, "cc", m.binding.message.cc)
		},
		"date": func(L *lua.LState, m *messageObject) lua.LValue {
			if date, ok := m.header(L, "date").Date(); ok {
				return lua.LNumber(date.Unix())
			}
			return lua.LNil
		},
		"message_id": func(L *lua.LState, m *messageObject) lua.LValue {
			return optional(m.header(L, "message_id").MessageID())
		},
		"list_id": func(L *lua.LState, m *messageObject) lua.LValue {
			return optional(m.header(L, "list_id").ListID())
		},
		"age_days": func(L *lua.LState, m *messageObject) lua.LValue {
			return lua.LNumber(m.age(L, "age_days") / secondsPerDay)
		},
		"first_seen": func(L *lua.LState, m *messageObject) lua.LValue {
			if seen := m.firstSeen(L, "first_seen"); seen.known {
				return lua.LNumber(seen.seconds)
			}
			return lua.LNil
		},
		"defects":      messageDefects,
		"auth_results": messageAuthResults,
	}
}

// sender returns the From address.
func (m *messageObject) sender(L *lua.LState, call string) *addressObject {
	if m.from == nil {
		m.from = m.binding.newAddress(L, m.header(L, call).From())
	}
	return m.from
}

// addresses returns the list of a field's addresses, kept in list.
func (m *messageObject) addresses(L *lua.LState, list **lua.LTable, field string, meta *lua.LTable) *lua.LTable {
	if *list == nil {
		*list = m.binding.newAddressList(L, m.header(L, field).Addresses(field), meta)
	}
	return *list
}

const secondsPerDay = 24 * 60 * 60

// subject returns the Subject, decoded.
func (m *messageObject) subject(L *lua.LState) string {
	if m.title == nil {
		m.title = lua.LString(m.header(L, "subject").Subject())
	}
	return m.title.String()
}

// sentAt is the moment that Date names; or that of Received, if there is no
// Date that can be read.
func (m *messageObject) sentAt(L *lua.LState, call string) moment {
	if m.sent == nil {
		header := m.header(L, call)
		date, ok := header.Date()
		if !ok {
			date, ok = header.Received()
		}
		m.sent = &moment{date.Unix(), ok}
	}
	return *m.sent
}

// maxAhead is how far a clock may be wrong, in seconds: a message from a later
// future has no age.
const maxAhead = 2 * secondsPerDay

// knownAge is how many seconds ago a message was sent, or why that cannot be
// known.
func (m *messageObject) knownAge(L *lua.LState, call string) (seconds float64, fault string) {
	sent, now := m.sentAt(L, call), m.binding.grants.now().Unix()
	day := func() string { return time.Unix(sent.seconds, 0).UTC().Format(time.DateOnly) }
	switch {
	case !sent.known:
		return 0, "no date"
	case sent.seconds < 0:
		return 0, "date " + day() + " is before 1970"
	case sent.seconds > now+maxAhead:
		return 0, "date " + day() + " is in the future"
	}
	return float64(now - sent.seconds), ""
}

// age is msg:age(): 0 if it cannot be known, so that none is old by mistake.
func (m *messageObject) age(L *lua.LState, call string) float64 {
	seconds, _ := m.knownAge(L, call)
	return seconds
}

// messageDefects is what is wrong with the header, and with the body once that
// was read.
func messageDefects(L *lua.LState, m *messageObject) lua.LValue {
	defects := []string(nil)
	if m.whole != nil {
		defects = m.whole.Defects()
	} else {
		defects = m.header(L, "defects").Defects()
	}
	list := stringList(L, defects)
	list.Metatable = m.binding.message.defects
	return list
}

// newListMeta makes the metatable of a list, which has no names: one that is
// asked for is what an entry has.
func (b *binding) newListMeta(L *lua.LState, name, list, entry string) *lua.LTable {
	meta := L.CreateTable(0, 4)
	meta.RawSetString("__index", b.function(L, func(L *lua.LState) int {
		key, ok := L.Get(2).(lua.LString)
		if !ok {
			return 0
		}
		text := list + " is a list: " + list + "[1]"
		if entry != "" {
			text += "." + entry
		}
		if slices.Contains(stringMethods, string(key)) && meta.RawGetString("__tostring") != lua.LNil {
			text = list + " is a list: its text is tostring(" + list + ")"
		}
		raise(L, KindValueError, text+"; it has no field "+quote(string(key)))
		return 0
	}))
	meta.RawSetString("__metatable", lua.LString(name))
	return meta
}

// stringList is a table of strings.
func stringList(L *lua.LState, list []string) *lua.LTable {
	table := L.CreateTable(len(list), 0)
	for _, s := range list {
		table.Append(lua.LString(s))
	}
	return table
}

func messageAuthResults(L *lua.LState, m *messageObject) lua.LValue {
	results := m.header(L, "auth_results").AuthResults()
	table := L.CreateTable(len(results), 0)
	for _, r := range results {
		entry := L.CreateTable(0, 5)
		for name, value := range map[string]string{"server": r.Server, "method": r.Method, "result": r.Result, "reason": r.Reason} {
			entry.RawSetString(name, lua.LString(value))
		}
		properties := L.CreateTable(0, len(r.Properties))
		for name, value := range r.Properties {
			properties.RawSetString(name, lua.LString(value))
		}
		entry.RawSetString("properties", properties)
		table.Append(entry)
	}
	table.Metatable = m.binding.message.results
	return table
}
