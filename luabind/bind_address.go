package luabind

import (
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
)

// An addressObject is what stands behind msg.from and the entries of msg.to.
type addressObject struct {
	object  lua.LUserData // within: one allocation
	address message.Address

	name, mailbox, domain lua.LValue // what a script asked for, kept since rules ask again
}

func (b *binding) newAddressMeta(L *lua.LState) *lua.LTable {
	return b.closed(L, "address", map[string]lua.LGFunction{
		"__index":    addressIndex,
		"__tostring": textOf,
		"__concat":   textsOf,
	})
}

// newAddress makes the object of an address. One without a mailbox, such as
// that of a message without From, has empty fields.
func (b *binding) newAddress(L *lua.LState, address message.Address) *addressObject {
	a := &addressObject{address: address}
	a.object = lua.LUserData{Value: a, Env: L.Env, Metatable: b.message.address}
	return a
}

func addressValue(v lua.LValue) *addressObject {
	if object, ok := v.(*lua.LUserData); ok {
		a, _ := object.Value.(*addressObject)
		return a
	}
	return nil
}

// addressFields are the fields of an address.
var addressFields = []string{"name", "address", "domain"}

// stringMethods are names by which somebody takes something for a string.
var stringMethods = []string{"find", "match", "gmatch", "gsub", "lower", "upper", "sub", "len", "format"}

// addressIndex also answers those who take an address for a string: its
// methods would be the ones they want.
func addressIndex(L *lua.LState) int {
	a, key := addressValue(L.Get(1)), L.Get(2).String()
	if a == nil {
		raise(L, KindValueError, "not an address")
	}
	switch key {
	case "name":
		if a.name == nil {
			a.name = lua.LString(a.address.Name)
		}
		L.Push(a.name)
	case "address":
		if a.mailbox == nil {
			a.mailbox = lua.LString(a.address.Address)
		}
		L.Push(a.mailbox)
	case "domain":
		if a.domain == nil {
			a.domain = lua.LString(a.address.Domain())
		}
		L.Push(a.domain)
	default:
		text := unknownName("address", "field", key, addressFields)
		if slices.Contains(stringMethods, key) {
			text += "; it is a string in tostring(msg.from) and msg.from.address"
		}
		raise(L, KindValueError, text)
	}
	return 1
}

// newAddressListMeta makes the metatable of lists of addresses, whose text
// joins theirs.
func (b *binding) newAddressListMeta(L *lua.LState, list string) *lua.LTable {
	meta := b.newListMeta(L, "addresses", list, "address")
	meta.RawSetString("__tostring", b.function(L, textOf))
	meta.RawSetString("__concat", b.function(L, textsOf))
	return meta
}

// newAddressList makes a list of addresses.
func (b *binding) newAddressList(L *lua.LState, addresses []message.Address, meta *lua.LTable) *lua.LTable {
	table := L.CreateTable(len(addresses), 0)
	for _, address := range addresses {
		table.Append(&b.newAddress(L, address).object)
	}
	table.Metatable = meta
	return table
}

// textOf is __tostring.
func textOf(L *lua.LState) int {
	L.Push(lua.LString(addressText(L.Get(1))))
	return 1
}

// textsOf is __concat: "from " .. msg.from is a text.
func textsOf(L *lua.LState) int {
	L.Push(lua.LString(addressText(L.Get(1)) + addressText(L.Get(2))))
	return 1
}

// addressText is the text of an address, of a list of them, or of whatever is
// joined to one.
func addressText(v lua.LValue) string {
	if a := addressValue(v); a != nil {
		return a.address.String()
	}
	list, ok := v.(*lua.LTable)
	if !ok {
		return v.String()
	}
	var texts []string
	list.ForEach(func(_, entry lua.LValue) {
		if a := addressValue(entry); a != nil {
			texts = append(texts, a.address.String())
		}
	})
	return strings.Join(texts, ", ")
}
