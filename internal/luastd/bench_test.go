package luastd_test

import (
	"context"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
)

// Each is the body of a loop; before it stands what it uses.
var benchmarks = []struct{ name, before, body string }{
	{"find plain", `local s = ("the quick brown fox "):rep(50) .. "needle"`, `s:find("needle", 1, true)`},
	{"find without specials", `local s = ("the quick brown fox "):rep(50)`, `s:find("needle")`},
	{"find no match", `local s = ("the quick brown fox "):rep(50)`, `s:find("(%d+)%s*=")`},
	{"find no match, dots", `local s = ("the quick brown fox "):rep(50)`, `s:find("q.-z")`},
	{"match captures", `local s = "From: Ann Example <ann@example.org>"`, `s:match("^(%w+):%s*(.-)%s*<([^>]+)>$")`},
	{"match short", `local s = "key = value"`, `s:match("^%s*(%w+)%s*=")`},
	{"gmatch lines", `local s = ("a line of text\n"):rep(100)`, `for l in s:gmatch("([^\n]*)\n") do end`},
	{"gsub text", `local s = ("a line of text\n"):rep(100)`, `s:gsub("\n", "\r\n")`},
	{"gsub class", `local s = ("a line of text\n"):rep(100)`, `s:gsub("%s+", " ")`},
	{"gsub function", `local s = ("a line of text\n"):rep(100) local f = function(w) return w end`, `s:gsub("%a+", f)`},
	{"concat 1000", `local t = {} for i = 1, 1000 do t[i] = "line " .. i end`, `table.concat(t, "\n")`},
	{"format", ``, `string.format("%s has %5d octets, %.2f%%", "a message", 12345, 99.5)`},
	{"sort 1000", `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end`, `local u = {unpack(t)} table.sort(u)`},
	{"sort 1000 by function", `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end local f = function(a, b) return a > b end`, `local u = {unpack(t)} table.sort(u, f)`},
	{"insert and remove", `local t = {1, 2, 3}`, `table.insert(t, 4) table.remove(t)`},
	{"sub", `local s = "Subject: hello"`, `s:sub(1, 8)`},
	{"lower", `local s = "Content-Transfer-Encoding"`, `s:lower()`},
	{"tostring", ``, `tostring(1234.5)`},
	{"tonumber", ``, `tonumber("1234.5")`},
	{"resume and yield", `local co = coroutine.wrap(function() while true do coroutine.yield(1) end end)`, `co()`},
	{"coroutine from start to end", `local f = function() coroutine.yield(1) end`, `local co = coroutine.wrap(f) co() co()`},
	{"pcall", `local f = function() return 1 end`, `pcall(f)`},
	{"pcall that fails", `local e = {} local f = function() error(e) end`, `pcall(f)`},
}

// Each measures luastd, gopher-lua's own functions and lua5.1 in one run: the
// best of several rounds, in turns, so that what else the machine does counts
// little. x-gopher and x-lua5.1 are how many times faster luastd is.
func BenchmarkAgainst(b *testing.B) {
	for _, bench := range benchmarks {
		b.Run(bench.name, func(b *testing.B) {
			source := bench.before + "\nfunction loop(n) for i = 1, n do " + bench.body + " end end"
			ours := open(b, luastd.Options{}).LState
			theirs := lua.NewState(lua.Options{CallStackSize: 200, RegistrySize: 1024, RegistryMaxSize: 256 << 10, RegistryGrowStep: 8192})
			defer theirs.Close()
			for _, L := range []*lua.LState{ours, theirs} {
				L.SetContext(context.Background())
				if err := L.DoString(source); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				call(b, ours, 1)
			}
			b.StopTimer()
			own, gopher := 1.0, 1.0
			for range 10 {
				own = min(own, round(b, ours))
				gopher = min(gopher, round(b, theirs))
			}
			b.ReportMetric(own*1e9, "best-ns/op")
			b.ReportMetric(gopher/own, "x-gopher")
			if lua51, ok := real51(b, source); ok {
				b.ReportMetric(lua51/own, "x-lua5.1")
			}
		})
	}
}

func call(b *testing.B, L *lua.LState, n int) {
	L.Push(L.GetGlobal("loop"))
	L.Push(lua.LNumber(n))
	if err := L.PCall(1, 0, nil); err != nil {
		b.Fatal(err)
	}
}

// round returns the seconds that one turn of the loop takes.
func round(b *testing.B, L *lua.LState) float64 {
	for n := 1; ; n *= 2 {
		start := time.Now()
		call(b, L, n)
		if took := time.Since(start); took > 2*time.Millisecond {
			return took.Seconds() / float64(n)
		}
	}
}

func real51(b *testing.B, source string) (seconds float64, ok bool) {
	path, err := exec.LookPath("lua5.1")
	if err != nil {
		return 0, false
	}
	c := exec.Command(path, "-")
	c.Stdin = strings.NewReader(source + `
		local best = 1
		for i = 1, 10 do
			local n, took = 1
			repeat
				n = n * 2
				local start = os.clock()
				loop(n)
				took = os.clock() - start
			until took > 0.002
			best = math.min(best, took / n)
		end
		print(best)`)
	out, err := c.Output()
	if err != nil {
		b.Fatal(err)
	}
	seconds, err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return seconds, err == nil
}

// What a fresh state pays.
func BenchmarkOpen(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		open(b, luastd.Options{})
	}
}
