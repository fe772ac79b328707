package luabind

import (
	"encoding/base64"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// newBase64 makes the module base64.
func (b *binding) newBase64(L *lua.LState) *lua.LTable {
	return b.newModule(L, "base64", map[string]lua.LGFunction{
		"encode": base64Encode,
		"decode": base64Decode,
	}, nil)
}

// base64Encode is base64.encode(s [, "url"]).
func base64Encode(L *lua.LState) int {
	p := positional{L, "base64.encode"}
	s := p.text(1, "s")
	encoding := base64.StdEncoding
	switch variant := p.textOr(2, "variant", ""); variant {
	case "":
	case "url":
		encoding = base64.RawURLEncoding // unpadded: RFC 7515, section 2
	default:
		p.refuse("variant must be \"url\" or nil, got %s", quote(variant))
	}
	p.mayHave(encoding.EncodedLen(len(s)), s)
	return p.give(lua.LString(encoding.EncodeToString([]byte(s))))
}

// base64Decode is base64.decode(s).
func base64Decode(L *lua.LState) int {
	p := positional{L, "base64.decode"}
	octets, reason := decodeBase64(p.text(1, "s"))
	if reason != "" {
		return p.fail("%s", reason)
	}
	return p.give(lua.LString(octets))
}

// decodeBase64 reads both alphabets of RFC 4648, padded or not, with white
// space anywhere, as mail has it. A reason is of input that is not base64.
func decodeBase64(s string) (octets []byte, reason string) {
	digits := make([]byte, 0, len(s))
	padding := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ' || '\t' <= c && c <= '\r':
		case c == '=':
			padding++
		case padding > 0:
			return nil, at(i, "something follows the padding")
		case c == '-':
			digits = append(digits, '+')
		case c == '_':
			digits = append(digits, '/')
		case strings.IndexByte("+/", c) >= 0, '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
			digits = append(digits, c)
		default:
			return nil, at(i, quote(s[i:i+1])+" is not base64")
		}
	}
	if padding > 2 || padding > 0 && (len(digits)+padding)%4 != 0 {
		return nil, at(len(s), "the padding is wrong")
	}
	n, err := base64.RawStdEncoding.Decode(digits, digits) // in place: a group of 4 becomes 3
	if err != nil {
		return nil, at(len(s), "the text ends within an octet")
	}
	return digits[:n], ""
}
