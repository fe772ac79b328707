package luastd_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/luastd"
)

// An attack is a small script that would take gopher-lua's own functions very
// long, or kill the host. What it took is logged; hang is a bound far above
// what it should take, for machines that are slow.
type attack struct{ name, source, want string }

const hang = 20 * time.Second

func (a attack) run(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), hang)
	defer cancel()
	h := open(t, luastd.Options{})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	got, err := h.run(ctx, a.source)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	t.Logf("%v, %d KB allocated", took.Round(10*time.Microsecond), (after.TotalAlloc-before.TotalAlloc)>>10)
	if err != nil {
		t.Fatalf("not caught: %v", err)
	}
	if ctx.Err() != nil {
		t.Fatalf("still running after %v", hang)
	}
	if got = strings.TrimSpace(got); got != a.want {
		t.Errorf("got  %s\nwant %s", got, a.want)
	}
}

func TestAttacks(t *testing.T) {
	const deep = `local function nest(n) if n == 0 then return "deep" end return coroutine.wrap(function() return nest(n - 1) end)() end `
	for _, a := range []attack{
		{"4 captures", `print(pcall(string.find, "x", ("("):rep(5e6) .. "."))`, "false\tpattern too complex: 5000001 octets, more than 16384"},
		{"4 plain parenthesis", `print(pcall(string.find, "x", ("("):rep(16000)))`, "false\ttoo many captures"},
		{"4 mutual resume", `local a, b
			a = coroutine.create(function() return coroutine.resume(b) end)
			b = coroutine.create(function() return coroutine.resume(a) end)
			print(coroutine.resume(a))`, "true\ttrue\tfalse\tcannot resume normal coroutine"},
		{"4 nested wrap", deep + `local ok, e = pcall(nest, 1e5) print(ok, e:match("too many nested coroutines: %d+"))`, "false\ttoo many nested coroutines: 50"},
		{"4 wrap that is nested as deep as may be", deep + `print(nest(50))`, "deep"},
		{"4 a million coroutines", `local all = {}
			print(pcall(function() for i = 1, 1e6 do all[i] = coroutine.create(print) end end))
			print(#all)`, "false\tscript:2: too many coroutines: 200 are not dead\n200"},
		{"4 nested pcall", `local function f() return pcall(f) end print(f())`, strings.Repeat("true\t", 199) + "false\tscript:1: stack overflow (200 nested calls of pcall)"},
		{"5 four dots", `local ok, e = pcall(string.find, ("a"):rep(5000), ".-.-.-.-b") print(ok, e:match("pattern too complex: no end after %d+ steps") ~= nil)`, "false\ttrue"},
		{"5 balance", `local ok, e = pcall(string.find, ("("):rep(200000), "%b()") print(ok, e:match("pattern too complex"))`, "false\tpattern too complex"},
		{"5 a* a* a* b", `local ok, e = pcall(string.find, ("a"):rep(10000), ("a*"):rep(20) .. "b") print(ok, e:match("pattern too complex"))`, "false\tpattern too complex"},
		{"6 gsub LF to CRLF", `local s = (("x"):rep(31) .. "\n"):rep(32768) local r, n = s:gsub("\n", "\r\n") print(#s, #r, n)`, "1048576\t1081344\t32768"},
		{"6 gsub LF alone", `local r, n = ("\n"):rep(2^20):gsub("\n", "\r\n") print(#r, n)`, "2097152\t1048576"},
		{"6 gsub x to yy", `local r, n = ("x"):rep(1e6):gsub("x", "yy") print(#r, n)`, "2000000\t1000000"},
		{"6 concat", `local t = {} for i = 1, 100000 do t[i] = "line " .. i end print(#table.concat(t, "\r\n"))`, "1188893"},
		{"6 ^.*b", `print(("a"):rep(2^20):find("^.*b"), ((("a"):rep(2^20) .. "b"):find("^.*b")))`, "nil\t1"},
		{"6 .*b", `print(("a"):rep(2^20):find(".*b"), ("a"):rep(2^20):find("(.-)b"))`, "nil\tnil"},
		{"7 rep", `print(pcall(string.rep, "x", 1e10)) print(pcall(string.rep, "x", 2^62)) print(pcall(string.rep, "x", 1/0)) print(#("x"):rep(2^24))`,
			strings.Repeat("false\tresulting string too large: more than 16777216 octets\n", 3) + "16777216"},
		{"7 gsub", `print(pcall(string.gsub, ("x"):rep(1e5), "x", ("y"):rep(1e5)))`, "false\tresulting string too large: more than 16877216 octets"},
		{"7 concat", `local t = {} for i = 1, 100 do t[i] = ("x"):rep(2^20) end print(pcall(table.concat, t))`, "false\tresulting string too large: more than 16777216 octets"},
		{"7 format", `local s = ("x"):rep(2^23) print(pcall(string.format, "%s%s%s", s, s, s))`, "false\tresulting string too large: more than 16777216 octets"},
		{"7 unpack", `print(pcall(unpack, {}, 1, 1e8)) print(pcall(unpack, {}, -1e300, 1e300)) print(pcall(string.byte, ("x"):rep(1e5), 1, 1e5))`,
			"false\ttoo many results to unpack\nfalse\ttoo many results to unpack\nfalse\tstring slice too long"},
		{"7 insert", `print(pcall(table.insert, {1}, -1e9, 1)) print(pcall(table.insert, {1}, 0/0, 1))`,
			strings.TrimSpace(strings.Repeat("false\tbad argument #2 to 'insert' (position out of bounds)\n", 2))},
		{"sort that lies", `local t = {} for i = 1, 20000 do t[i] = i end
			for _, f in ipairs{function() return true end, function() return false end, function() return math.random() < 0.5 end} do print((pcall(table.sort, t, f))) end`,
			"true\ntrue\ntrue"},
	} {
		t.Run(a.name, a.run)
	}
}

// A search, a sort and a comparison end when Stop or the context says so, and
// not when they would be ready.
func TestStop(t *testing.T) {
	sources := map[string]string{
		"match": `("a"):rep(5000):find(".-.-.-.-b")`,
		"gsub":  `("a"):rep(5000):gsub(".-.-.-.-b", "")`,
		"sort":  `local t = {} for i = 1, 3e5 do t[i] = (i * 7919) % 300007 end while true do table.sort(t) for i = 1, #t do t[i] = -t[i] end end`,
	}
	for name, source := range sources {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			asked := 0
			h := open(t, luastd.Options{MaxSteps: 1 << 50, Stop: func() error {
				if asked++; asked == 3 {
					cancel() // the next instruction of Lua fails too
					return errors.New("enough")
				}
				return nil
			}})
			_, err := h.run(ctx, source)
			if err == nil || !strings.Contains(err.Error(), "enough") || asked != 3 {
				t.Errorf("asked %d times; %v", asked, err)
			}
		})
		t.Run(name+" by context", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			_, err := open(t, luastd.Options{MaxSteps: 1 << 50}).run(ctx, "while true do pcall(function() "+source+" end) end")
			late := time.Since(first(ctx.Deadline()))
			if err == nil || !strings.Contains(err.Error(), context.DeadlineExceeded.Error()) {
				t.Error(err)
			}
			t.Logf("ended %v after the deadline", late.Round(10*time.Microsecond))
			if late > hang {
				t.Error("that is not in time")
			}
		})
	}
}

func first(at time.Time, _ bool) time.Time { return at }

// Attack 18: pieces of messages do not keep the messages in memory.
func TestPiecesDoNotPin(t *testing.T) {
	for _, cut := range []string{`m:sub(1, 20)`, `m:match("^.-!")`, `m:match("(x+)!")`, `m:gmatch("x+")()`, `(m:gsub("x*()", {"kept"}, 1):sub(1, 20))`} {
		h := open(t, luastd.Options{})
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if _, err := h.run(t.Context(), `
			kept = {}
			for i = 1, 100 do
				local m = ("x"):rep(19) .. "!" .. ("y"):rep(2^20)
				kept[i] = `+cut+`
			end`); err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if more := int64(after.HeapAlloc) - int64(before.HeapAlloc); more > 3<<20 {
			t.Errorf("%s: %d KB more", cut, more>>10)
		}
		runtime.KeepAlive(h)
	}
}
