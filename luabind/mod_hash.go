package luabind

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"io"

	lua "github.com/yuin/gopher-lua"
)

// newHash makes the module hash. md5 and sha1 name what others named by them,
// such as messages; they protect nothing.
func (b *binding) newHash(L *lua.LState) *lua.LTable {
	return b.newModule(L, "hash", map[string]lua.LGFunction{
		"md5":         digest("hash.md5", md5.New),
		"sha1":        digest("hash.sha1", sha1.New),
		"sha256":      digest("hash.sha256", sha256.New),
		"sha512":      digest("hash.sha512", sha512.New),
		"crc32":       digest("hash.crc32", func() hash.Hash { return crc32.NewIEEE() }),
		"hmac_sha256": hmacSHA256,
	}, nil)
}

// digest is a function from a string to the hex digits of its hash.
func digest(call string, newHash func() hash.Hash) lua.LGFunction {
	return func(L *lua.LState) int {
		p := positional{L, call}
		return p.give(hexDigits(newHash(), p.text(1, "s")))
	}
}

// hmacSHA256 is hash.hmac_sha256(key, s). The key is not shown in errors.
func hmacSHA256(L *lua.LState) int {
	p := positional{L, "hash.hmac_sha256"}
	key, ok := L.Get(1).(lua.LString)
	if !ok {
		p.refuse("key must be a string, got %s", L.Get(1).Type())
	}
	return p.give(hexDigits(hmac.New(sha256.New, []byte(key)), p.text(2, "s")))
}

func hexDigits(h hash.Hash, s string) lua.LString {
	io.WriteString(h, s) // never fails, see hash.Hash
	return lua.LString(hex.EncodeToString(h.Sum(nil)))
}
