package script

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Every name that a script is born with.
func TestAllowList(t *testing.T) {
	golden(t, "allowed.txt", output(t, `
		local function list(title, t, want)
			local names = {}
			for name, value in pairs(t) do
				if want(name) then names[#names + 1] = name .. " " .. type(value) end
			end
			table.sort(names)
			print(title)
			for _, name in ipairs(names) do print("  " .. name) end
		end
		local function all() return true end
		local function module(name) return (pcall(require, name)) end
		list("globals", _G, function(name) return not module(name) end)
		list("modules", _G, module)
		for _, name in ipairs{"coroutine", "math", "string", "table"} do list(name, _G[name], all) end`))
}

func TestRemovedNamesTeach(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		want := fmt.Sprintf("test.lua:1: %s is not available to scripts: %s\n", name, gone[name]) // wrap may say the place twice
		for _, use := range []string{"return %s", "return %s()", "return %s.x", "return _G[%q]", "if %s then end", "coroutine.wrap(function() return %s end)()"} {
			use := fmt.Sprintf(use, name)
			got := output(t, `print(select(2, pcall(function() `+use+` end)))`)
			if !strings.HasSuffix(got, want) {
				t.Errorf("%s: got %q, want %q", use, got, want)
			}
		}
	}
}

// Any other undefined name is an error, too: it is a slip more often than not.
// A script may take a removed name for its own.
func TestUndefinedNames(t *testing.T) {
	for use, want := range map[string]string{
		"undefined":     `there is no global "undefined"; set it`,
		"_G.undefined":  `there is no global "undefined"; set it`,
		"undefined()":   `there is no global "undefined"; set it`,
		"prnt(1)":       `there is no global "prnt"; did you mean "print"?`,
		"pop.POP3()":    `there is no global "pop"; did you mean "pop3"?`,
		"_G['esc\\27']": `there is no global "esc\x1b"`,
		"_G[1]":         `there is no global "1"`,
		"_G[true]":      `there is no global "true"`,
		"_G[setmetatable({}, {__tostring = function() while true do end end})]": `there is no global "table: 0x`,
	} {
		got := output(t, `print(select(2, pcall(function() return `+use+` end)))`)
		if !strings.HasPrefix(got, "test.lua:1: "+want) {
			t.Errorf("%s: got %q, want %q", use, got, want)
		}
	}
	got := output(t, `print(rawget(_G, "undefined")) io = "mine" print(io) io = nil print((pcall(function() return io end))) x = false print(x)`)
	if want := "nil\nmine\nfalse\nfalse\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The closed doors: each line must be true.
func TestNoWayAround(t *testing.T) {
	for _, claim := range []string{
		`getmetatable("") == "string"`,
		`getmetatable(_G) == "globals"`,
		`not pcall(setmetatable, _G, {})`,
		`not pcall(setmetatable, "", {})`,
		`getmetatable(pop3) == "module pop3"`,
		`not pcall(setmetatable, pop3, nil)`,
		`getmetatable(pop3.create_default_context()) == "TLS context"`,
		`getmetatable(select(2, pcall(pop3.POP3, "x"))) == "error"`,
		`getmetatable(print) == nil and getmetatable(1) == nil and getmetatable(nil) == nil and getmetatable(true) == nil`,
		`getmetatable(coroutine.create(print)) == nil`,
		`string.dump == nil and ("").dump == nil`,
		`string.__index == nil and string.__metatable == nil`,
		`rawget(_G, "_LOADED") == nil and rawget(_G, "_REGISTRY") == nil`,
		`not pcall(require, "io") and not pcall(require, "os") and not pcall(require, "_G") and not pcall(require, "string")`,
		`not pcall(require, "test") and not pcall(require, "./test") and not pcall(require, "")`,
		`type(select(2, pcall(pop3.POP3, "x")).traceback) == "string"`,
		`select(2, xpcall(function() error("x", 0) end, function(...) return select("#", ...) .. ... end)) == "1x"`,
		`next(getmetatable(setmetatable({}, {}))) == nil`,
		`not pcall(rawset, "", "x", 1) and not pcall(rawget, "", "x")`,
		`not pcall(function() local s = "" s.x = 1 end)`,
		`tostring(setmetatable({}, {__metatable = false})):find("^table") ~= nil`,
	} {
		if got := output(t, "print("+claim+")"); got != "true\n" {
			t.Errorf("%s: got %s, want true", claim, got)
		}
	}
	for name := range gone {
		if got := output(t, fmt.Sprintf("print(rawget(_G, %q))", name)); got != "nil\n" {
			t.Errorf("rawget of %s: got %s, want nil", name, got)
		}
	}
}

// Nothing of Lua's that a script can walk to goes by a removed name. What the
// host's modules hold is theirs.
func TestNothingRemovedIsReachable(t *testing.T) {
	got := output(t, `
		local seen, found, queue = {}, {}, {}
		local function add(value)
			if (type(value) == "table" or type(value) == "userdata") and not seen[value] then
				seen[value] = true
				queue[#queue + 1] = value
			end
		end
		for name, module in pairs(_G) do seen[module] = pcall(require, name) or nil end
		add(_G) add(pop3.create_default_context()) add(select(2, pcall(pop3.POP3, "x"))) add(getmetatable(""))
		while #queue > 0 do
			local value = table.remove(queue)
			add(getmetatable(value))
			if type(value) == "table" then
				for name, inner in next, value do
					if type(name) == "string" then found[#found + 1] = name end
					add(name) add(inner)
				end
			end
		end
		table.sort(found)
		print(table.concat(found, "\n"))`)
	names := strings.Split(got, "\n")
	if len(names) < 50 {
		t.Fatalf("got %d names only: %q", len(names), names)
	}
	for _, name := range names {
		if _, ok := gone[name]; ok || name == "dump" {
			t.Errorf("%s can be reached", name)
		}
	}
}

func TestPrint(t *testing.T) {
	tests := []struct{ values, want string }{
		{"", ""},
		{"nil, true, false", "nil\ttrue\tfalse"},
		{"1, -1, 0, 1.5, -0.25", "1\t-1\t0\t1.5\t-0.25"},
		{"10/2, 2^31, 1e3, 995, 12345678901234", "5\t2147483648\t1000\t995\t12345678901234"},
		{"1e100, 0.1, 1/3, 1/0, -1/0", "1e+100\t0.1\t0.33333333333333\tinf\t-inf"},
		{`"a", "", "tab\there", 'q"q'`, "a\t\ttab\there\tq\"q"},
		{`"1", 1`, "1\t1"},
		{`"nul\0after"`, "nul\x00after"},
		{`setmetatable({}, {__tostring = function() return "mine" end})`, "mine"},
		{`select(2, pcall(pop3.POP3, "x"))`, "error_proto: -ERR [IN-USE] not now"},
		{`nil, nil`, "nil\tnil"},
		{`(nil)`, "nil"},
		{`unpack({1, nil, 3}, 1, 3)`, "1\tnil\t3"},
	}
	for _, tt := range tests {
		if got := output(t, "print("+tt.values+")"); got != tt.want+"\n" {
			t.Errorf("print(%s): got %q, want %q", tt.values, got, tt.want)
		}
	}
	for _, value := range []string{"{}", "print", "coroutine.create(print)"} {
		kind := map[byte]string{'{': "table", 'p': "function", 'c': "thread"}[value[0]]
		if got := output(t, "print("+value+")"); !strings.HasPrefix(got, kind+": ") {
			t.Errorf("print(%s): got %q, want %s and an address", value, got, kind)
		}
	}
}

func TestAssert(t *testing.T) {
	tests := []struct{ call, want string }{
		{`assert(1, nil, 3)`, "true\t1\tnil\t3"},
		{`assert(true)`, "true\ttrue"},
		{`assert(0)`, "true\t0"},
		{`assert("")`, "true\t"},
		{`assert(false)`, "false\ttest.lua:1: assertion failed!"},
		{`assert(nil, nil)`, "false\ttest.lua:1: assertion failed!"},
		{`assert(false, "100% wrong")`, "false\ttest.lua:1: 100% wrong"},
		{`assert()`, "false\ttest.lua:1: bad argument #1 to assert (value expected)"},
		{`assert(false, setmetatable({}, {__tostring = function() return "mine" end}))`, "false\tmine"},
		{`assert(pcall(pop3.POP3, "x"))`, "false\terror_proto: -ERR [IN-USE] not now"},
	}
	for _, tt := range tests {
		if got := output(t, `print(pcall(function() return `+tt.call+` end))`); got != tt.want+"\n" {
			t.Errorf("%s: got %q, want %q", tt.call, got, tt.want)
		}
	}
	// The object that pcall caught is the one that is raised again.
	got := output(t, `
		local ok, first = pcall(pop3.POP3, "x")
		local ok, second = pcall(assert, ok, first)
		print(rawequal(first, second), second.code, second.kind, second.temporary)`)
	if want := "true\tIN-USE\terror_proto\ttrue\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
