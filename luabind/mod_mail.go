package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/message"
)

// newMail makes the module mail.
func (b *binding) newMail(L *lua.LState) *lua.LTable {
	return b.newModule(L, "mail", map[string]lua.LGFunction{"parse": b.mailParse}, nil)
}

// mailParse is mail.parse(s): a message from its text, or from the lines that
// M:retr and M:top give. Mail is never so broken that there is no message.
func (b *binding) mailParse(L *lua.LState) int {
	p := positional{L, "mail.parse"}
	var octets []byte
	switch v := L.Get(1).(type) {
	case lua.LString:
		octets = []byte(v)
	case *lua.LTable:
		octets = p.joined(v)
	default:
		p.refuse("wants a string or a table of lines, got %s", describe(v))
	}
	m := b.newMessage(L, 0, "", int64(len(octets)))
	m.whole = message.Parse(octets)
	return p.give(&m.object)
}

// joined is a table of lines as octets, CR LF behind each.
func (p positional) joined(lines *lua.LTable) []byte {
	size := 0
	for i := range lines.Len() {
		line, ok := lines.RawGetInt(i + 1).(lua.LString)
		if !ok {
			p.refuse("line %d must be a string, got %s", i+1, describe(lines.RawGetInt(i+1)))
		}
		size += len(line) + len("\r\n")
	}
	octets := make([]byte, 0, size)
	for i := range lines.Len() {
		octets = append(octets, lines.RawGetInt(i+1).(lua.LString)...)
		octets = append(octets, "\r\n"...)
	}
	return octets
}
