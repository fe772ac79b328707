//go:build linux

package cli_test

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The attacks of this file and of its neighbours go through the program as it
// is shipped, with its default limits. Pattern matching against Lua 5.1 is
// internal/luastd's test, a binding that panics internal/run's
// (TestPanicInTheHost): no script can make one.
const (
	attackMail = "testdata/attack/two.mbox"
	attackOpen = `local M = pop3.POP3_SSL("pop.example.org") M:user("anna") M:pass_("tanstaaf") `
)

// slow is how much longer than on a quiet machine things may take.
const slow = 10

// A tree is what is known of a popherd and its worker.
type tree struct {
	*running
	took time.Duration
	peak int64 // octets that the worker had resident, as far as was seen
}

// attack runs a script from start to end, and checks what people get to read.
func attack(t *testing.T, program, source string, status int, args ...string) *tree {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.lua")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	r := start(t, program, append([]string{path}, args...)...)
	watch := watchWorker(r.cmd.Process.Pid)
	r.ends(status)
	a := &tree{r, time.Since(begun), watch.end()}
	t.Logf("%v wall, worker %d MB", a.took.Round(time.Millisecond), a.peak>>20)
	a.isHuman(status)
	return a
}

// isHuman checks that an error is one line, perhaps with a hint, and no trace.
func (a *tree) isHuman(status int) {
	a.t.Helper()
	said := a.stderr.String()
	for _, word := range []string{"goroutine ", "runtime", "panic", ".go:", "SIG"} {
		if strings.Contains(said, word) {
			a.t.Errorf("it speaks Go:\n%.2000s", said)
		}
	}
	lines := strings.Split(strings.TrimSuffix(said, "\n"), "\n")
	switch {
	case status == 0 && said != "":
		a.t.Errorf("got %q on standard error, want nothing", said)
	case status == 0:
	case !strings.HasPrefix(said, "popherd: ") || len(lines) > 2 || len(lines) == 2 && !strings.HasPrefix(lines[1], "hint: "):
		a.t.Errorf("got %d lines, want one and a hint:\n%.2000s", len(lines), said)
	case len(lines[0]) > 4096: // coroutine.wrap says the place again for each of 50 levels
		a.t.Errorf("the line has %d octets: %.200s", len(lines[0]), lines[0])
	}
}

// within checks the wall time, against ten times of what it should be.
func (a *tree) within(limit time.Duration) {
	a.t.Helper()
	if a.took > slow*limit {
		a.t.Errorf("took %v, want %v or at most %d times that", a.took, limit, slow)
	}
}

// A watching looks at a worker's memory until the worker is gone.
type watching struct {
	stop chan struct{}
	peak chan int64
}

func watchWorker(supervisor int) *watching {
	w := &watching{make(chan struct{}), make(chan int64, 1)}
	go func() {
		var peak int64
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			for _, pid := range children(supervisor) {
				peak = max(peak, highWater(pid))
			}
			select {
			case <-w.stop:
				w.peak <- peak
				return
			case <-tick.C:
			}
		}
	}()
	return w
}

func (w *watching) end() int64 {
	close(w.stop)
	return <-w.peak
}

// children are the child processes of a process, whichever thread made them.
func children(pid int) []int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid)) // the pattern is sound
	var all []int
	for _, list := range lists {
		text, _ := os.ReadFile(list) // the thread may have ended
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil {
				all = append(all, child)
			}
		}
	}
	return all
}

var highWaterLine = regexp.MustCompile(`(?m)^VmHWM:\s+(\d+) kB$`)

// highWater is the most memory a process had resident, 0 if it has ended.
func highWater(pid int) int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	found := highWaterLine.FindSubmatch(text)
	if found == nil {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(found[1]), 10, 64) // digits
	return kilobytes << 10
}

// TestAttacks are scripts that would harm a host that let them.
func TestAttacks(t *testing.T) {
	program := compiled(t)
	mail, err := os.ReadFile(attackMail)
	if err != nil {
		t.Fatal(err)
	}
	const limit, soon = 2200 * time.Millisecond, 50 * time.Millisecond
	const deep = `local function nest(n) if n == 0 then return 1 end return coroutine.wrap(function() return nest(n - 1) end)() end nest(1e6)`
	for _, c := range []struct {
		name, source string
		status       int
		says         string // on standard error; or if the status is 0 on standard output, all of it
		limit        time.Duration
	}{
		{"1 loop", `while true do end`, 5, "the run took longer than 2s", limit},
		{"1 loop of pcall", `while true do pcall(function() while true do end end) end`, 5, "the run took longer than 2s", limit},
		{"1 handler that loops", `xpcall(function() error("x") end, function() while true do end end)`, 5, "the run took longer than 2s", limit},
		{"2 doubling", `local s = ("x"):rep(1024) while true do s = s .. s end`, 5, "memory", limit},
		{"2 doubling in pcall", `while true do pcall(function() local s = ("x"):rep(1024) while true do s = s .. s end end) end`, 5, "memory", limit},
		{"2 one expression", `local x = ("x"):rep(2^24) local s = x` + strings.Repeat(" .. x", 180), 5, "memory", limit},
		{"2 tables", `local t = {} while true do t = {t, t, t, t} end`, 5, "memory", limit},
		{"4 captures", `string.find("x", ("("):rep(5e6))`, 1, "pattern too complex", soon},
		{"4 mutual resume", `local a, b
			a = coroutine.wrap(function() b() end)
			b = coroutine.wrap(function() a() end)
			a()`, 1, "cannot resume", soon},
		{"4 nested wrap", deep, 1, "too many nested coroutines", soon},
		{"4 a million coroutines", `local t = {} for i = 1, 1e6 do t[i] = coroutine.create(print) end`, 1, "too many coroutines", soon},
		{"5 backtracking", `("a"):rep(5000):find(".-.-.-.-b")`, 1, "pattern too complex", limit},
		{"5 backtracking in a loop", `while true do pcall(string.find, ("a"):rep(5000), ".-.-.-.-b") end`, 5, "the run took longer than 2s", limit},
		{"5 balance", `while true do pcall(string.find, ("("):rep(200000), "%b()") end`, 5, "the run took longer than 2s", limit},
		{"6 gsub LF to CRLF", `local s = (("x"):rep(31) .. "\n"):rep(32768) print(#(s:gsub("\n", "\r\n")))`, 0, "1081344\n", 300 * time.Millisecond},
		{"6 gsub x to yy", `print(#(("x"):rep(1e6):gsub("x", "yy")))`, 0, "2000000\n", 300 * time.Millisecond},
		{"6 concat", `local t = {} for i = 1, 100000 do t[i] = "line " .. i end print(#table.concat(t, "\r\n"))`, 0, "1188893\n", 300 * time.Millisecond},
		{"6 greedy", `print(("a"):rep(2^20):find("^.*b"))`, 0, "nil\n", 300 * time.Millisecond},
		{"7 rep", `print(pcall(string.rep, "x", 1e10)) print(pcall(string.rep, "x", 2^62))`, 0,
			strings.Repeat("false\tresulting string too large: more than 16777216 octets\n", 2), soon},
		{"7 sparse", `local t = {} t[61234567] = true print(t[61234567], #t)`, 0, "true\t0\n", soon},
		{"8 large source", strings.Repeat("-- much to say\n", 20000), 65, "more than 262144", limit},
		{"8 braces", `local t = ` + strings.Repeat("{", 200<<10), 65, "", limit},
		{"8 braces, closed", `local t = ` + strings.Repeat("{", 100<<10) + strings.Repeat("}", 100<<10), -1, "", limit},
		{"8 concatenations", `local a = "a" local t = a` + strings.Repeat("..a", 66<<10), -1, "", limit},
		{"8 parentheses", `local t = ` + strings.Repeat("(", 100<<10) + "1" + strings.Repeat(")", 100<<10), -1, "", limit},
		{"8 calls", `local t = print` + strings.Repeat("()", 100<<10), -1, "", limit},
		{"14 parent", `require "../x"`, 1, "a name is words separated by dots, and no path", soon},
		{"14 absolute", `require "/etc/passwd"`, 1, "a name is words separated by dots, and no path", soon},
		{"15 yield across", `
			local function gen() for i = 1, 3 do coroutine.yield(i) end end
			local got = {}
			for i in coroutine.wrap(gen) do got[#got + 1] = i end
			local co = coroutine.wrap(function() print(pcall(function() coroutine.yield("in pcall") return "back" end)) end)
			print(co()) co()
			co = coroutine.wrap(function() return ("ab"):gsub(".", function(c) return coroutine.yield(c) end) end)
			print(co()) print(co("x")) print(co("y"))
			co = coroutine.wrap(function() local t = {2, 1} table.sort(t, function(a, b) coroutine.yield("sort") return a < b end) return t[1] end)
			local v repeat v = co() until v ~= "sort" print(v)
			co = coroutine.wrap(function() return setmetatable({}, {__index = function(_, k) return coroutine.yield(k) end}).key end)
			print(co()) print(co("value"))
			print(table.concat(got, " "))`, 0, "in pcall\ntrue\tback\na\nb\nxy\t2\n1\nkey\nvalue\n1 2 3\n", soon},
		{"15 abandoned coroutines", `for i = 1, 10000 do coroutine.wrap(function() coroutine.yield() end)() end print("done")`, 0, "done\n", limit},
		{"19 method", attackOpen + `M:stats()`, 1, `did you mean "stat"?`, soon},
		{"19 global", `prnt(1)`, 1, `did you mean "print"?`, soon},
		{"19 argument", `pop3.POP3{hots = "x"}`, 1, `did you mean "host"?`, soon},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.status == -1 { // whatever becomes of it, it is over in time
				a := attackAny(t, program, c.source, "--timeout=2s")
				a.within(c.limit)
				return
			}
			timeout := "--timeout=2s"
			if c.says == "memory" { // that is what is to stop it
				timeout = "--timeout=20s"
			}
			a := attack(t, program, c.source, c.status, "--maildrop="+attackMail, timeout)
			if c.status != 0 {
				a.says(c.says)
			} else if got := a.stdout.String(); got != c.says {
				t.Errorf("got %q, want %q", got, c.says)
			}
			a.within(c.limit + 100*time.Millisecond) // it starts, and serves the maildrop
			if most := int64(272 << 20); a.peak > most {
				t.Errorf("the worker had %d MB, want at most %d", a.peak>>20, most>>20)
			}
			if after, err := os.ReadFile(attackMail); err != nil || !bytes.Equal(after, mail) {
				t.Errorf("the maildrop was changed (%v)", err)
			}
		})
	}
}

// attackAny is attack for what may end with a refusal, a limit or well.
func attackAny(t *testing.T, program, source string, args ...string) *tree {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script.lua")
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	r := start(t, program, append([]string{path}, args...)...)
	watch := watchWorker(r.cmd.Process.Pid)
	r.wait()
	a := &tree{r, time.Since(begun), watch.end()}
	status := r.cmd.ProcessState.ExitCode()
	t.Logf("exit status %d, %v wall, worker %d MB: %.200s", status, a.took.Round(time.Millisecond), a.peak>>20, r.stderr.String())
	if status != 0 && status != 1 && status != 5 && status != 65 {
		t.Errorf("got exit status %d, want 0, 1, 5 or 65", status)
	}
	a.isHuman(status)
	return a
}

// 3: what a script lets go is not held against it.
func TestAttackChurn(t *testing.T) {
	program := compiled(t)
	const source = `
		local live = {}
		for i = 1, 40 do live[i] = ("x"):rep(2^20 - i) end
		local octets = 0
		for i = 1, 3000 do octets = octets + #(("y"):rep(2^20 - i % 7)) end
		print(#live, octets > 3e9)`
	runs := 5
	if os.Getenv("POPHERD_REAL_SERVERS") == "1" {
		runs = 20
	}
	for range runs {
		a := attack(t, program, source, 0, "--max-memory=128M")
		if got, want := a.stdout.String(), "40\ttrue\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// 14: a link that leads out of the script's folder, and modules that need
// each other.
func TestAttackRequire(t *testing.T) {
	program := compiled(t)
	folder, outside := t.TempDir(), t.TempDir()
	files := map[string]string{
		filepath.Join(outside, "secret.lua"):   `return "out"`,
		filepath.Join(folder, "a.lua"):         `require "b"`,
		filepath.Join(folder, "b.lua"):         `require "a"`,
		filepath.Join(folder, "main-a.lua"):    `require "a"`,
		filepath.Join(folder, "main-link.lua"): `print(require "link")`,
	}
	for path, text := range files {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join(outside, "secret.lua"), filepath.Join(folder, "link.lua")); err != nil {
		t.Fatal(err)
	}
	for script, reason := range map[string]string{"main-a.lua": "a -> b -> a", "main-link.lua": "escapes"} {
		r := start(t, program, filepath.Join(folder, script))
		r.ends(1)
		r.says("popherd: ", reason)
		(&tree{running: r}).isHuman(1)
		if out := r.stdout.String(); out != "" {
			t.Errorf("%s printed %q", script, out)
		}
	}
}

// 18: what a script keeps of a message does not keep the message.
func TestAttackKeepsLittle(t *testing.T) {
	program := compiled(t)
	drop := t.TempDir()
	for _, sub := range []string{"cur", "new", "tmp"} {
		if err := os.Mkdir(filepath.Join(drop, sub), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	line := strings.Repeat("0123456789abcdef", 1<<16) + "\r\n" // one of a megabyte
	first := filepath.Join(drop, "cur", "0:2,S")
	if err := os.WriteFile(first, []byte("Subject: large\r\n\r\n"+line), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 300; i++ {
		if err := os.Link(first, filepath.Join(drop, "cur", fmt.Sprintf("%d:2,S", i))); err != nil {
			t.Fatal(err)
		}
	}
	source := attackOpen + `
		local kept = {}
		for i = 1, M:stat() do
			local _, lines = M:retr(i)
			kept[i] = lines[3]:sub(1, 20)
		end
		print(#kept, kept[300])
		M:quit()`
	a := attack(t, program, source, 0, "--maildrop="+drop, "--max-memory=128M")
	if got, want := a.stdout.String(), "300\t0123456789abcdef0123\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// 20: what it costs to run nothing.
func TestAttackEmptyScript(t *testing.T) {
	program := compiled(t)
	best, peak := time.Hour, int64(math.MaxInt64)
	for range 20 {
		a := attack(t, program, "", 0)
		best, peak = min(best, a.took), min(peak, a.peak)
	}
	t.Logf("an empty script: %v wall, worker %.1f MB, at best", best, float64(peak)/(1<<20))
	if want := 25 * time.Millisecond; best > slow*want {
		t.Errorf("took %v at best, want %v or at most %d times that", best, want, slow)
	}
	// Of that 10 MB are its own; the rest are pages of the program, which all
	// workers share, and of which the kernel maps more or fewer at once.
	if want := int64(24 << 20); peak > want {
		t.Errorf("the worker had %d octets, want at most %d", peak, want)
	}
}
