package luatest

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

func TestRun(t *testing.T) {
	var ran []string
	Run(t, "testdata/*_test.lua", func(t *testing.T, L *lua.LState) {
		luabind.Preload(L, nil)
		ran = append(ran, t.Name())
	})
	if len(ran) == 0 {
		t.Fatal("no test ran")
	}
}

// Tests run in the order of the file, each in a state of its own, teardown last.
func TestRunOrder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "order_test.lua")
	source := `
		local n = 0
		function teardown() note("teardown") end
		function test_b() n = n + 1; note("b" .. n) end
		function test_a() n = n + 1; note("a" .. n) end
		function setup() note("setup") end
		function test_skipped() skip("not today") end`
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	Run(t, file, func(t *testing.T, L *lua.LState) {
		L.SetGlobal("note", L.NewFunction(func(L *lua.LState) int {
			got = append(got, L.CheckString(1))
			return 0
		}))
	})
	want := []string{"setup", "b1", "teardown", "setup", "a1", "teardown", "setup", "teardown"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A witness keeps what a failing test reports.
type witness struct{ errors, logs []string }

func (w *witness) Error(args ...any) { w.errors = append(w.errors, fmt.Sprint(args...)) }
func (w *witness) Log(args ...any)   { w.logs = append(w.logs, fmt.Sprint(args...)) }

// judge runs a script whose assertions report to a witness.
func judge(t *testing.T, script string) *witness {
	t.Helper()
	L := newState(t)
	luabind.Preload(L, nil)
	w := &witness{}
	openAssertions(w, L)
	f, err := L.Load(strings.NewReader(script), "x.lua")
	if err != nil {
		t.Fatal(err)
	}
	if err := L.CallByParam(lua.P{Fn: f, Protect: true}); err != nil {
		w.logs = append(w.logs, err.Error())
	}
	return w
}

func TestFailures(t *testing.T) {
	for _, c := range []struct{ script, want string }{
		{`assert_equal(1, 2)`, `x.lua:1: got 1, want 2`},
		{`assert_equal("a", 1, "note")`, `x.lua:1: note: got "a", want 1`},
		{`assert_equal({1, {b=2}}, {1, {b=3}, 4})`, "x.lua:1: [2].b: got 2, want 3\n\t[3]: got nil, want 4"},
		{`local t = {}; t[1] = t; assert_equal(t, {{1}})`, `x.lua:1: [1][1]: got {{{{...}}}}, want 1`},
		{`assert_equal({["a b"]=1}, {})`, `x.lua:1: ["a b"]: got 1, want nil`},
		{`assert_equal(("a"):rep(100).."b", ("a"):rep(100).."c")`,
			`x.lua:1: got "aaaaaaaaaaaaaaaaaaaab" (101 octets, from 80), want "aaaaaaaaaaaaaaaaaaaac" (101 octets, from 80)`},
		{`local a, b = {}, {} for i = 1, 20 do a[i] = i end assert_equal(a, b)`, `and 10 more`},
		{`assert_not_equal({x={}}, {x={}})`, `x.lua:1: got {x={}}, want anything else`},
		{`assert_true(1)`, `x.lua:1: got 1, want true`},
		{`assert_false(nil)`, `x.lua:1: got nil, want false`},
		{`assert_nil(false)`, `x.lua:1: got false, want nil`},
		{`assert_not_nil(nil)`, `x.lua:1: got nil, want anything else`},
		{`assert_contains("abc", "x")`, `x.lua:1: got "abc", want it to contain "x"`},
		{`assert_match("abc", "^b")`, `x.lua:1: got "abc", want it to match "^b"`},
		{`assert_raises("policy", function() end)`, `x.lua:1: nothing was raised, want "policy"`},
		{`assert_raises("policy", error, "no")`, `raised "x.lua:1: no", want "policy"`},
		{`assert_raises("closed", pop3.POP3, "h")`, `x.lua:1: raised "policy: POP3: connecting is not granted`},
		{`fail("so")`, `x.lua:1: so`},
		{`pcall(assert_true, false)`, `got false, want true`},
		{`assert_raises("x", function() assert_true(false) end)`, `x.lua:1: got false, want true`},
	} {
		w := judge(t, c.script)
		if len(w.errors) != 1 || !strings.Contains(w.errors[0], c.want) {
			t.Errorf("%s:\ngot  %q\nwant %q", c.script, w.errors, c.want)
		}
	}
}

func TestPrintIsLogged(t *testing.T) {
	w := judge(t, `print("a", 1, nil)`)
	if want := []string{"a\t1\tnil"}; !slices.Equal(w.logs, want) || len(w.errors) > 0 {
		t.Errorf("got %q, want %q", w.logs, want)
	}
}

func TestWhatCannotBeATest(t *testing.T) {
	for source, want := range map[string]string{
		`function helper() end`:            "declares no function",
		`local function test_x() end`:      "test_x is local",
		`local test_y = function() end`:    "test_y is local",
		`function t.test_z() end`:          "declares no function",
		`if true then test_a = 1 end`:      "declares no function",
		`function test_fine() end local x`: "",
	} {
		statements := parsed(t, source)
		if _, err := tests(statements); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %q", source, err, want)
		}
	}
}

func parsed(t *testing.T, source string) []ast.Stmt {
	t.Helper()
	statements, err := parse.Parse(strings.NewReader(source), "x.lua")
	if err != nil {
		t.Fatal(err)
	}
	return statements
}

// A maildrop gives bare line feeds their CR, and keeps mail that has any CR LF
// as it is.
func TestMaildropLineEnds(t *testing.T) {
	for text, want := range map[string]string{
		"A: 1\n\nx\n":          "A: 1\r\n\r\nx\r\n",
		"A: 1\r\n\r\nx\ny\r\n": "A: 1\r\n\r\nx\ny\r\n",
		"A: 1\r\n\nx":          "A: 1\r\n\nx\r\n",
		"":                     "\r\n",
	} {
		answer, err := NewMaildrop(text).CmdText(t.Context(), "RETR", "1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer)
		if err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	body := messageText(bodyTable("a\nb\n"))
	if want := "subject: x\r\n\r\na\r\nb\r\n"; body != want {
		t.Errorf("got %q, want %q", body, want)
	}
}

func bodyTable(body string) *lua.LTable {
	table := new(lua.LTable)
	table.RawSetString("subject", lua.LString("x"))
	table.RawSetString("body", lua.LString(body))
	return table
}

// A maildrop reads what is marked as well, unlike RETR.
func TestMaildropReads(t *testing.T) {
	m := NewMaildrop("A: 1\n\nx\n")
	if _, err := m.Mark(t.Context(), "1", "old"); err != nil {
		t.Fatal(err)
	}
	if _, err := m.CmdText(t.Context(), "RETR", "1"); err == nil {
		t.Error("RETR gives a marked message")
	}
	var reader luabind.Reader = m
	for lines, want := range map[int]string{pop3.Whole: "A: 1\r\n\r\nx\r\n", 0: "A: 1\r\n\r\n"} {
		answer, err := reader.Read(t.Context(), 1, lines)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(answer); err != nil || string(got) != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if _, err := reader.Read(t.Context(), 2, 0); err == nil {
		t.Error("there is no message 2")
	}
}
