package luabind

import (
	"math"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"
)

// asKept is the text that a value is kept as.
func asKept(L *lua.LState, v lua.LValue) string {
	L.SetTop(0)
	L.Push(v)
	return *positional{L, "test"}.toKeep(1)
}

// Whatever is kept comes back as what it was.
func TestKept(t *testing.T) {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	text := rapid.OneOf(rapid.StringMatching(`'?[+-]?([0-9]{1,17}|0x[0-9a-f]{1,4}|inf|nan|NaN|Inf)([.][0-9]{0,3})?(e[+]?[0-9]{2})?`),
		rapid.SampledFrom([]string{"", "'", "true", "false", "'true", "1_000", "-0"}),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	number := rapid.OneOf(rapid.Float64(), rapid.Map(rapid.Int64Range(-maxExact, maxExact), func(n int64) float64 { return float64(n) }))
	rapid.Check(t, func(t *rapid.T) {
		s, n := text.Draw(t, "text"), number.Draw(t, "number")
		if math.IsNaN(n) || math.IsInf(n, 0) {
			n = 0
		}
		for _, v := range []lua.LValue{lua.LString(s), lua.LNumber(n)} {
			if got := kept(asKept(L, v)); got != v {
				t.Fatalf("%#v came back as %#v", v, got)
			}
		}
	})
}

// Hosts and what exports values read them: most are as scripts write them.
func TestKeptTexts(t *testing.T) {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer L.Close()
	for want, v := range map[string]lua.LValue{
		"42": lua.LNumber(42), "-9007199254740992": lua.LNumber(-maxExact), "1.5": lua.LNumber(1.5), "1e+300": lua.LNumber(1e300),
		"0": lua.LNumber(math.Copysign(0, -1)), "true": lua.LTrue, "'42": lua.LString("42"), "'true": lua.LString("true"),
		"abc": lua.LString("abc"), "": lua.LString(""), "''x": lua.LString("'x"), "007": lua.LString("007"), "a\x00\xff": lua.LString("a\x00\xff"),
	} {
		if got := asKept(L, v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}
