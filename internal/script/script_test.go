package script

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
)

var update = flag.Bool("update", false, "write what the tests got to their golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// hang bounds what must end by itself.
const hang = 30 * time.Second

// run compiles and runs source, and returns what it printed. The test fails
// if it does not end.
func run(t *testing.T, ctx context.Context, source string, args ...string) (string, error) {
	t.Helper()
	p, err := Compile("test.lua", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx, Options{Args: args, Stdout: &out, Grants: refusing()}) }()
	select {
	case err := <-done:
		return out.String(), err
	case <-time.After(hang):
		t.Fatal("the script does not end")
		return "", nil
	}
}

// refusing grants a server that refuses every session.
func refusing() *luabind.Grants {
	return &luabind.Grants{Dial: func(ctx context.Context, r luabind.DialRequest) (luabind.Session, error) {
		return nil, &pop3.Error{Command: "greeting", Code: pop3.CodeInUse, Text: "not now", Line: "-ERR [IN-USE] not now"}
	}}
}

// output is what a script prints that must not fail.
func output(t *testing.T, source string, args ...string) string {
	t.Helper()
	out, err := run(t, context.Background(), source, args...)
	if err != nil {
		t.Errorf("%s: got error %v, want none", source, err)
	}
	return out
}

func TestArguments(t *testing.T) {
	const source = `print(arg[0], #arg, arg[1], arg[2], arg[3], ...)`
	if got, want := output(t, source, "30", "a b\n"), "test.lua\t2\t30\ta b\n\tnil\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := output(t, source), "test.lua\t0\tnil\tnil\tnil\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A program can run again, and finds nothing of the run before.
func TestEachRunIsFresh(t *testing.T) {
	p, err := Compile("test.lua", []byte(`
		assert(not rawget(_G, "seen") and not string.seen and #arg == 0 and type(pop3.POP3) == "function")
		assert(("%d"):format(1) == "1" and require("pop3") == pop3)
		seen, string.seen, arg[1] = true, true, "x"
		rawset(pop3, "POP3", {}) pop3 = nil
		string.format, assert, print = nil, nil, nil`))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Run(context.Background(), Options{}); err != nil {
			t.Fatal(err)
		}
	}
}

// Without grants nothing is reached, and the error names what would.
func TestNoGrants(t *testing.T) {
	for source, want := range map[string]string{
		`pop3.POP3_SSL("pop.example.org")`: "--allow-net=pop.example.org:995",
		`require("getpass").getpass()`:     "nobody to ask",
		`getpass.getuser()`:                "not granted",
	} {
		p, err := Compile("test.lua", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		err = p.Run(context.Background(), Options{})
		var object *luabind.Error
		if !errors.As(err, &object) || object.Kind != luabind.KindPolicy || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want kind policy and %q", source, err, want)
		}
	}
}

// endless are scripts that would run for ever.
var endless = map[string]string{
	"loop":                   `while true do end`,
	"goto":                   `::again:: goto again`,
	"pcall":                  `while true do pcall(function() while true do end end) end`,
	"pcall nested":           `local function f() while true do pcall(f) end end f()`,
	"nested functions":       `local function f(n) if n > 0 then return f(n - 1) + 1 end while true do end end f(50)`,
	"tail calls":             `local function f() return f() end f()`,
	"coroutine":              `coroutine.wrap(function() while true do end end)()`,
	"coroutine of coroutine": `coroutine.wrap(function() coroutine.wrap(function() while true do end end)() end)()`,
	"coroutine resumed":      `local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end`,
	"coroutines with pcall":  `while true do coroutine.resume(coroutine.create(function() pcall(function() while true do end end) end)) end`,
	"error handler":          `while true do xpcall(error, function() while true do end end) end`,
	"metamethod":             `local t = setmetatable({}, {__index = function() while true do end end}) while true do pcall(function() return t.x end) end`,
	"tostring":               `local t = setmetatable({}, {__tostring = function() while true do end end}) while true do pcall(print, t) end`,
	"sort":                   `while true do pcall(table.sort, {3, 2, 1}, function(a, b) while true do end end) end`,
	"gsub":                   `while true do pcall(string.gsub, "x", "x", function() while true do end end) end`,
	"try":                    `while true do pop3.try(function() while true do end end) end`,
	"host calls":             `while true do pcall(pop3.POP3, "x") end`,
	"iterator":               `for _ in function() return 1 end do end`,
}

func TestContextEndsTheScript(t *testing.T) {
	cause := errors.New("the host has had enough")
	for name, source := range endless {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(context.Background())
			timer := time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
			defer timer.Stop()
			_, err := run(t, ctx, source)
			var failed *Error
			if !errors.As(err, &failed) || !errors.Is(err, cause) {
				t.Fatalf("got %v, want an *Error that wraps the cause", err)
			}
			if want := "test.lua: the host has had enough"; err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
		})
	}
}

// A script that ends as its context does has not failed.
func TestContextThatEndsTooLate(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, err := Compile("test.lua", []byte(`print("done")`))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Run(ctx, Options{Stdout: writerFunc(func(p []byte) (int, error) { return len(p), nil })}); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	cancel()
	if err := p.Run(ctx, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want that of the context", err)
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Deep recursion is an error that a script can catch, by whatever way it goes.
func TestDeepRecursion(t *testing.T) {
	for name, source := range map[string]string{
		"function":   `local function f() return 1 + f() end f()`,
		"pcall":      `local function f() assert(pcall(f)) end f()`,
		"__index":    `local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end return t.x`,
		"__newindex": `local t = setmetatable({}, {}) getmetatable(t).__newindex = function(t, k, v) t[k] = v end t.x = 1`,
		"__call":     `local t = setmetatable({}, {__call = function(self) return 1 + self() end}) t()`,
		"__concat":   `local t = setmetatable({}, {__concat = function(a, b) return a .. b end}) return t .. t`,
		"__eq":       `local m = {__eq = function(a, b) return a == b end} return setmetatable({}, m) == setmetatable({}, m)`,
		"__tostring": `local t = setmetatable({}, {__tostring = function(t) return tostring(t) end}) print(t)`,
		"sort":       `local function f() table.sort({2, 1}, f) return false end f()`,
		"gsub":       `local function f() return (string.gsub("x", "x", f)) end f()`,
		"xpcall":     `local function f() assert(xpcall(f, function(e) return e end)) end f()`,
		"try":        `local function f() local _, e = pop3.try(f) error(e) end f()`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := run(t, context.Background(), source)
			if err == nil || !strings.Contains(err.Error(), "stack overflow") {
				t.Errorf("got %v, want a stack overflow", err)
			}
			got := output(t, `print((pcall(function() `+source+` end))) print("goes on")`)
			if want := "false\ngoes on\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// A reader who left ends the script.
func TestPrintToClosedPipe(t *testing.T) {
	p, err := Compile("test.lua", []byte(`while true do print("more") end`))
	if err != nil {
		t.Fatal(err)
	}
	writes := 0
	err = p.Run(context.Background(), Options{Stdout: writerFunc(func(p []byte) (int, error) {
		if writes++; writes > 3 {
			return 0, io.ErrClosedPipe
		}
		return len(p), nil
	})})
	if err == nil || !strings.Contains(err.Error(), "test.lua:1: print: io: read/write on closed pipe") || writes != 4 {
		t.Errorf("got %v after %d writes, want print's error after 4", err, writes)
	}
}
