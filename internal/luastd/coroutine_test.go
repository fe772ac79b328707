package luastd_test

import (
	"context"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"go.uber.org/goleak"

	"github.com/popherd/popherd/internal/luastd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestYieldCrossesCallsOfGo(t *testing.T) {
	tell(t, luastd.Options{}, []script{
		{"pcall", `
			local co = coroutine.wrap(function()
				print(pcall(function() local got = coroutine.yield("in pcall") error("got " .. got, 0) end))
				return "end"
			end)
			print(co()) print(co("this"))`, "in pcall\nfalse\tgot this\nend"},
		{"pcall in pcall", `
			local co = coroutine.wrap(function() return pcall(pcall, function() return coroutine.yield(1) + coroutine.yield(2) end) end)
			print(co()) print(co(40)) print(co(2))`, "1\n2\ntrue\ttrue\t42"},
		{"xpcall and its handler", `
			local co = coroutine.wrap(function()
				return xpcall(function() coroutine.yield("body") error("e", 0) end, function(e) coroutine.yield("handler") return "handled " .. e end)
			end)
			print(co()) print(co()) print(co())`, "body\nhandler\nfalse\thandled e"},
		{"sort", `
			local co = coroutine.wrap(function()
				local t = {3, 1, 2}
				table.sort(t, function(a, b) coroutine.yield("compare") return a < b end)
				return table.concat(t, " ")
			end)
			local v, n repeat v = co() n = (n or 0) + 1 until v ~= "compare" print(v, n > 2)`, "1 2 3\ttrue"},
		{"gsub", `
			local co = coroutine.wrap(function() return (("abc"):gsub(".", function(c) return coroutine.yield(c) end)) end)
			print(co()) print(co("1")) print(co(nil)) print(co("3"))`, "a\nb\nc\n1b3"},
		{"metamethods", `
			local o = setmetatable({}, {
				__index = function(_, k) return coroutine.yield("index " .. k) end,
				__add = function() return coroutine.yield("add") end,
				__lt = function() return coroutine.yield("lt") end,
				__concat = function() return coroutine.yield("concat") end,
				__call = function(_, a) return coroutine.yield("call " .. a) end,
				__tostring = function() return coroutine.yield("tostring") end,
			})
			local co = coroutine.wrap(function() return o.x, o + 1, o < o, o .. "", o(7), tostring(o), string.format("%s", o) end)
			local v = co() for i = 1, 7 do print(v) v = co("v" .. i) end
			print(v)`, "index x\nadd\nlt\nconcat\ncall 7\ntostring\ntostring\nv1"},
		{"iterators", `
			local co = coroutine.wrap(function()
				local seen = {}
				for i in function(_, i) i = (i or 0) + 1 coroutine.yield("next") if i < 3 then return i end end do seen[#seen + 1] = i end
				for w in ("a b"):gmatch("%a") do seen[#seen + 1] = coroutine.yield(w) end
				return table.concat(seen, " ")
			end)
			for i = 1, 6 do print(co(i)) end`, "next\nnext\nnext\na\nb\n1 2 5 6"},
		{"a coroutine in a coroutine", `
			local outer = coroutine.wrap(function()
				local inner = coroutine.wrap(function() coroutine.yield(1) coroutine.yield(2) end)
				coroutine.yield(inner()) coroutine.yield(inner() * 10)
			end)
			print(outer(), outer())`, "1\t20"},
	})
}

func TestCoroutineErrors(t *testing.T) {
	tell(t, luastd.Options{}, []script{
		{"yield outside", `print(pcall(coroutine.yield, 1))`, "false\tattempt to yield from outside a coroutine"},
		{"yield in pcall outside", `print(pcall(function() coroutine.yield() end))`, "false\tscript:1: attempt to yield from outside a coroutine"},
		{"itself", `local co co = coroutine.create(function() return coroutine.resume(co) end) print(coroutine.resume(co))`, "true\tfalse\tcannot resume running coroutine"},
		{"itself by wrap", `local w w = coroutine.wrap(function() return pcall(w) end) print(w())`, "false\tcannot resume running coroutine"},
		{"uncaught", `coroutine.wrap(function() error("boom") end)()`, "error: script:1: script:1: boom"},
		{"error value", `local e = {} local co = coroutine.create(function() error(e) end) print(select(2, coroutine.resume(co)) == e)`, "true"},
		{"status", `local co = coroutine.create(function() end) print(coroutine.status(co)) coroutine.resume(co) print(coroutine.status(co))`, "suspended\ndead"},
		{"as a key", `local co = coroutine.create(print) local t = {[co] = "found"} print(t[co], co == co, co == coroutine.create(print), tostring(co):match("^thread: 0x") ~= nil)`, "found\ttrue\tfalse\ttrue"},
		{"Go function", `print(coroutine.resume(coroutine.create(math.max), 1, 3, 2)) print(coroutine.wrap(coroutine.yield)(5))`, "true\t3\n5"},
		{"many values", `local t = {} for i = 1, 5000 do t[i] = i end
			local co = coroutine.create(function(...) local n = select("#", ...) return n, select("#", coroutine.yield(...)) end)
			print(select("#", coroutine.resume(co, unpack(t))), coroutine.resume(co, unpack(t, 1, 4000)))`, "5001\ttrue\t5000\t4000"},
		{"stack overflow inside", `local function f() return 1 + f() end local co = coroutine.create(f) local ok, e = coroutine.resume(co) print(ok, e:match("stack overflow"))`, "false\tstack overflow"},
	})
}

// Variables that closures share survive errors, which they do not with
// gopher-lua's own pcall.
func TestProtectedCallsKeepVariables(t *testing.T) {
	tell(t, luastd.Options{}, []script{
		{"count", `local n = 0 local function add() n = n + 1 end
			for i = 1, 10 do pcall(function() add() error("e") end) end print(n)`, "10"},
		{"closure made before", `local x = 1 local get = function() return x end pcall(error) x = 2 print(get())`, "2"},
		{"closure made inside", `local get pcall(function() local x = 1 get = function() x = x + 1 return x end error("e") end) print(get(), get())`, "2\t3"},
		{"xpcall", `local x, get = 1 xpcall(function() local y = 5 get = function() return x + y end error("e") end, function() x = x + 1 end) x = x + 1 print(get())`, "8"},
		{"error in the handler", `print(xpcall(function() error("a", 0) end, function() error("b", 0) end))`, "false\tb"},
		{"coroutine", `local x = 1 local get = function() return x end coroutine.resume(coroutine.create(error)) x = 2 print(get())`, "2"},
	})
}

// Attack 15: coroutines that nobody resumes again make room for others.
func TestAbandonedCoroutines(t *testing.T) {
	for name, loop := range map[string]string{
		"suspended":   `local co = coroutine.wrap(function() coroutine.yield(i) end) co()`,
		"not started": `coroutine.create(function() return i end)`,
		"in pcall":    `local co = coroutine.wrap(function() while true do pcall(coroutine.yield, i) end end) co()`,
		"nested":      `local co = coroutine.wrap(function() local inner = coroutine.wrap(function() coroutine.yield(i) end) coroutine.yield(inner()) end) co()`,
		"iterators":   `for v in coroutine.wrap(function() for j = 1, 10 do coroutine.yield(j) end end) do if v == 1 then break end end`,
	} {
		t.Run(name, func(t *testing.T) {
			h := open(t, luastd.Options{})
			start, before := time.Now(), runtime.NumGoroutine()
			present := goleak.IgnoreCurrent()
			if _, err := h.run(t.Context(), `for i = 1, 10000 do `+loop+` end`); err != nil {
				t.Fatal(err)
			}
			t.Logf("10,000 in %v", time.Since(start).Round(time.Millisecond))
			if n := runtime.NumGoroutine() - before; n > luastd.DefaultMaxCoroutines {
				t.Errorf("%d goroutines", n)
			}
			h.close()
			goleak.VerifyNone(t, present)
		})
	}
}

// A coroutine that holds itself looks alive to the garbage collector: such
// ones reach the limit, and the error can be caught.
func TestCoroutineLimit(t *testing.T) {
	tell(t, luastd.Options{MaxCoroutines: 3}, []script{
		{"held", `local all = {} for i = 1, 3 do all[i] = coroutine.wrap(function() coroutine.yield() end) all[i]() end
			print(pcall(coroutine.create, print)) all[2]() print((pcall(coroutine.create, print)))`,
			"false\ttoo many coroutines: 3 are not dead\ntrue"},
		{"holding themselves", `print(pcall(function() for i = 1, 9 do local co co = coroutine.wrap(function() coroutine.yield(co) end) co() end end))`,
			"false\tscript:1: too many coroutines: 3 are not dead"},
		{"dead ones do not count", `for i = 1, 1000 do coroutine.wrap(function() end)() end print("ok")`, "ok"},
		{"failed ones do not count", `for i = 1, 1000 do pcall(coroutine.wrap(error)) end print("ok")`, "ok"},
	})
}

// Close ends coroutines wherever they stand; none of their Lua runs on.
func TestCloseEndsCoroutines(t *testing.T) {
	h := open(t, luastd.Options{})
	present := goleak.IgnoreCurrent()
	if _, err := h.run(t.Context(), `
		ran = 0
		for i = 1, 100 do
			local co
			co = coroutine.wrap(function() pcall(function() table.sort({2, 1}, function() coroutine.yield(co) ran = ran + 1 end) end) ran = ran + 1 end)
			co()
		end`); err != nil {
		t.Fatal(err)
	}
	h.close()
	goleak.VerifyNone(t, present)
	if ran := h.GetGlobal("ran"); ran != lua.LNumber(0) {
		t.Errorf("%v coroutines went on", ran)
	}
	_, err := h.run(t.Context(), `coroutine.create(print)`)
	if err == nil || !strings.Contains(err.Error(), "the state is closed") {
		t.Errorf("after close: %v", err)
	}
}

// counting is a context as a host may bring it: Done counts instructions.
type counting struct {
	context.Context
	steps int
	limit int
	done  chan struct{}
}

func (c *counting) Done() <-chan struct{} {
	if c.steps++; c.steps == c.limit {
		close(c.done)
	}
	return c.done
}

func (c *counting) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}

// The host's own context counts the steps of coroutines and of protected
// calls, and stops them.
func TestContextOfTheHost(t *testing.T) {
	for name, source := range map[string]string{
		"coroutine": `coroutine.wrap(function() while true do end end)()`,
		"pcall":     `while true do pcall(function() while true do end end) end`,
		"resumes":   `local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end`,
		"deep":      `local function f(n) if n == 0 then while true do end end coroutine.wrap(function() pcall(f, n - 1) end)() end f(20)`,
	} {
		t.Run(name, func(t *testing.T) {
			ctx := &counting{Context: t.Context(), limit: 100_000, done: make(chan struct{})}
			_, err := open(t, luastd.Options{}).run(ctx, source)
			if err == nil || !strings.Contains(err.Error(), context.Canceled.Error()) {
				t.Error(err)
			}
			if ctx.steps < ctx.limit || ctx.steps > ctx.limit+1000 {
				t.Errorf("%d steps", ctx.steps)
			}
		})
	}
}

// A panic in a function of the host is an error as with gopher-lua, and the
// next call has a sound state.
func TestPanicOfTheHost(t *testing.T) {
	h := open(t, luastd.Options{})
	h.SetGlobal("crash", h.NewFunction(func(*lua.LState) int { panic("bug in the host") }))
	got, err := h.run(t.Context(), `
		local get
		print(pcall(function() local x = 1 get = function() return x end crash() end))
		print(coroutine.resume(coroutine.create(crash)))
		print(pcall(function() return "sound" end))`)
	if err != nil {
		t.Fatal(err)
	}
	if want := "false\tbug in the host\nfalse\tbug in the host\ntrue\tsound\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A host's traceback goes on from state to state.
func TestCaller(t *testing.T) {
	h := open(t, luastd.Options{})
	h.SetGlobal("lines", h.NewFunction(func(L *lua.LState) int {
		var lines []string
		for ; L != nil; L = luastd.Caller(L) {
			for level := 0; ; level++ {
				frame, ok := L.GetStack(level)
				if !ok {
					break
				}
				if _, err := L.GetInfo("Sl", frame, lua.LNil); err == nil && frame.CurrentLine > 0 {
					lines = append(lines, strconv.Itoa(frame.CurrentLine))
				}
			}
		}
		h.printed.WriteString(strings.Join(lines, " ") + "\n")
		return 0
	}))
	got, err := h.run(t.Context(), `lines()
		pcall(lines)
		pcall(function()
			lines()
			local co = coroutine.wrap(function()
				pcall(function()
					coroutine.yield()
					lines()
				end)
			end)
			co()
			lines()
			pcall(co)
		end)`)
	if want := "1\n2\n4 3\n12 3\n8 6 13 3\n"; err != nil || got != want {
		t.Errorf("%v; got\n%s\nwant\n%s", err, got, want)
	}
}
