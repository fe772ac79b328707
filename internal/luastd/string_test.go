package luastd_test

import (
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"pgregory.net/rapid"

	"github.com/popherd/popherd/internal/luastd"
)

func TestString(t *testing.T) {
	tell(t, luastd.Options{MaxString: 1000}, []script{
		{"match returns nil", `print((select("#", ("x"):match("y"))), (("x"):match("y")))`, "1\tnil"},
		{"case is ASCII", `print(("\228\196Aa"):lower():byte(1, -1)) print(("\228\196Aa"):upper():byte(1, -1))`, "228\t196\t97\t97\n228\t196\t65\t65"},
		{"sub to infinity", `print(("hello"):sub(1, math.huge), ("hello"):sub(-math.huge, 2))`, "hello\the"},
		{"NUL in a pattern", `print(("a\0b"):find("\0"), (("a\0b"):gsub("[\0]", "0")), ("a\0b"):match("a%zb") == "a\0b")`, "2\ta0b\ttrue"},
		{"%s of any value", `print(string.format("%s %s %s", nil, true, setmetatable({}, {__tostring = function() return "T" end})))`, "nil true T"},
		{"%s of a bad __tostring", `print(pcall(string.format, "%s", setmetatable({}, {__tostring = function() return {} end})))`, "false\t'tostring' must return a string"},
		{"%s keeps NUL", `print(#string.format("%s", "a\0b"), #string.format("%c", 0))`, "3\t1"},
		{"no words for numbers", `print(tonumber("inf"), tonumber("nan"), tonumber("Infinity"), tonumber("1\0002"))`, "nil\tnil\tnil\tnil"},
		{"no dump", `print(string.dump, string.gfind, table.getn, table.foreach)`, "nil\tnil\tnil\tnil"},
		{"closed metatable", `print(getmetatable("")) print(pcall(setmetatable, "", {}))`, "string\nfalse\tcannot change a protected metatable"},
		{"methods", `local s = "x" print(s.len == string.len, s:rep(3), ("%d"):format(7))`, "true\txxx\t7"},
		{"numbers as subjects", `print(string.rep(12, 2), string.find(12345, 34), string.gsub(1.5, "%.", 0))`, "1212\t3\t105\t1"},
		{"MaxString", `print(pcall(string.rep, "x", 1001)) print(#("x"):rep(1000)) print(pcall(string.format, ("%99d"):rep(11), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))`,
			"false\tresulting string too large: more than 1000 octets\n1000\nfalse\tresulting string too large: more than 1000 octets"},
		{"gsub that replaces all with less", `print((("ab"):rep(400):gsub("%w+", "")))`, ""},
		{"gsub with itself", `print((("abc"):gsub("%w", function(c) return (c:gsub(c, "<%0>")) end)))`, "<a><b><c>"},
		{"gmatch within gmatch", `for a in ("a b"):gmatch("%a") do for b in ("1 2"):gmatch("%d") do print(a .. b) end end`, "a1\na2\nb1\nb2"},
		{"gmatch goes on after its end", `local f = ("a"):gmatch("a") print(f()) print(f()) print(f())`, "a\n\n"},
		{"error in a callback", `print(pcall(string.gsub, "abc", "b", function() error("stop", 0) end)) print((("abc"):gsub("b", "x")))`, "false\tstop\naxc"},
		{"arithmetic of strings", `local mt = {__add = function(a, b) return "meta" end} print("1" + setmetatable({}, mt), setmetatable({}, mt) + "1", "0x1F" + "010")`, "meta\tmeta\t41"},
		{"200 repetitions", `print(("a"):find(("a?"):rep(200))) print(pcall(string.find, "a", ("a?"):rep(201)))`, "1\t1\nfalse\tpattern too complex: more than 200 repetitions"},
		{"32 captures", `print(select("#", ("a"):rep(32):find(("(a)"):rep(32))))`, "34"},
		{"long plain text", `local s = ("x"):rep(500) print(s:find(s .. "y"), (s .. s):find(s, 2))`, "nil\t2\t501"},
	})
}

func TestTable(t *testing.T) {
	tell(t, luastd.Options{MaxString: 1000}, []script{
		{"sort that fails keeps the table", `local t = {3, 2, 1} pcall(table.sort, t, function() error("e") end) print(unpack(t))`, "3\t2\t1"},
		{"sort of mixed", `print((pcall(table.sort, {1, "a"})))`, "false"},
		{"sort with nil for a function", `local t = {2, 1} table.sort(t, nil) print(unpack(t))`, "1\t2"},
		{"sort of nothing", `table.sort({}) table.sort({1}) print("ok")`, "ok"},
		{"concat of what is no text", `print(pcall(table.concat, {1, true}))`, "false\tinvalid value (boolean) at index 2 in table for 'concat'"},
		{"concat of too much", `print(pcall(table.concat, {("x"):rep(600), ("y"):rep(600)}))`, "false\tresulting string too large: more than 1000 octets"},
		{"concat of a far range", `print(pcall(table.concat, {}, "", 1, 1e300))`, "false\tinvalid value (nil) at index 1 in table for 'concat'"},
		{"concat outside the array", `local t = {[0] = "zero", [-1] = "minus"} print(table.concat(t, " ", -1, 0))`, "minus zero"},
		{"unpack outside the array", `print(unpack({[0] = "zero", "one"}, 0))`, "zero\tone"},
		{"insert and remove keep order", `local t = {} for i = 1, 5 do table.insert(t, 1, i) end print(unpack(t)) print(table.remove(t, 2), table.remove(t), unpack(t))`, "5\t4\t3\t2\t1\n4\t1\t5\t3\t2"},
		{"remove what is not there", `print(select("#", table.remove({}))) print(table.remove({1}, 2))`, "0\n"},
		{"insert nil", `local t = {1} table.insert(t, nil) print(#t)`, "1"},
		{"wrong arguments", `print(pcall(table.concat)) print(pcall(table.insert, {}, "x", 1)) print(pcall(table.sort, {}, {}))`,
			"false\tbad argument #1 to 'concat' (table expected, got no value)\nfalse\tbad argument #2 to 'insert' (number expected, got string)\nfalse\tbad argument #2 to 'sort' (function expected, got table)"},
	})
}

// callString calls string.name, and returns its first result.
func (h *host) callString(t interface{ Fatal(...any) }, name string, args ...lua.LValue) lua.LValue {
	h.Push(h.GetField(h.GetGlobal("string"), name))
	for _, arg := range args {
		h.Push(arg)
	}
	if err := h.PCall(len(args), 1, nil); err != nil {
		t.Fatal(err)
	}
	defer h.Pop(1)
	return h.Get(-1)
}

// quoteAll makes a pattern that matches s and nothing else.
func quoteAll(s string) string {
	var out strings.Builder
	for i := range len(s) {
		out.WriteString("[" + map[bool]string{true: "%"}[strings.IndexByte("^]%-", s[i]) >= 0] + s[i:i+1] + "]")
	}
	return out.String()
}

func TestStringProperties(t *testing.T) {
	h := open(t, luastd.Options{})
	octets := rapid.StringOfN(rapid.RuneFrom([]rune("ab\n%.(-]^ \x00")), 0, 30, -1)
	rapid.Check(t, func(t *rapid.T) {
		s, part := octets.Draw(t, "s"), octets.Draw(t, "part")
		n := rapid.IntRange(0, 5).Draw(t, "n")
		L := func(s string) lua.LValue { return lua.LString(s) }
		equal := func(what string, got lua.LValue, want any) {
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("%s: got %q, want %q", what, got, want)
			}
		}
		plain := lua.LValue(lua.LNil)
		if i := strings.Index(s, part); i >= 0 {
			plain = lua.LNumber(i + 1)
		}
		equal("find plain", h.callString(t, "find", L(s), L(part), lua.LNumber(1), lua.LTrue), plain)
		equal("find quoted", h.callString(t, "find", L(s), L("()"+quoteAll(part))), plain)
		if part != "" {
			escaped := strings.ReplaceAll("<"+part+">", "%", "%%")
			equal("gsub quoted", h.callString(t, "gsub", L(s), L(quoteAll(part)), L(escaped)), strings.ReplaceAll(s, part, "<"+part+">"))
		}
		equal("rep", h.callString(t, "rep", L(s), lua.LNumber(n)), strings.Repeat(s, n))
		equal("reverse twice", h.callString(t, "reverse", h.callString(t, "reverse", L(s))), s)
		equal("gsub all", h.callString(t, "gsub", L(s), L("."), L("%0%0")), strings.NewReplacer(pairs(s)...).Replace(s))
		equal("%s", h.callString(t, "format", L("%s"), L(s)), s)
	})
}

// pairs doubles each octet of s, for strings.NewReplacer.
func pairs(s string) (list []string) {
	for i := range len(s) {
		list = append(list, s[i:i+1], s[i:i+1]+s[i:i+1])
	}
	return list
}

func TestFindWithoutAMatchAllocatesNothing(t *testing.T) {
	h := open(t, luastd.Options{})
	find := h.GetField(h.GetGlobal("string"), "find")
	subject := lua.LValue(lua.LString(strings.Repeat("the quick brown fox ", 50)))
	for _, pattern := range []string{"absent", "(%d+)%s*=", "^x.-y", "[A-Z]%w*", "%f[%d]", "(.)%1%1"} {
		arg := lua.LValue(lua.LString(pattern))
		allocated := testing.AllocsPerRun(100, func() {
			h.Push(find)
			h.Push(subject)
			h.Push(arg)
			h.Call(2, 1)
			h.Pop(1)
		})
		if allocated > 0 {
			t.Errorf("%q: %v allocations", pattern, allocated)
		}
	}
}
