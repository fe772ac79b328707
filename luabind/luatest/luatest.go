// Package luatest runs tests written in Lua, for the modules of this project
// and for the rules and hosts of its users. A file *_test.lua declares global
// functions test_*; Run makes each a subtest of Go's, in a Lua state of its own:
//
//	func TestRules(t *testing.T) {
//		luatest.Run(t, "testdata/*_test.lua", func(t *testing.T, L *lua.LState) {
//			luabind.Preload(L, &luabind.Grants{Dial: dial})
//		})
//	}
//
// The libraries base, string, table and math are open; print goes to the
// test's log. A file's global functions setup and teardown, if it has them, are
// called before and after each test; teardown also after one that failed.
//
// A test fails when it raises, or by one of these, which end it at once:
//
//	assert_equal(got, want [, note])      deeply; says where two tables differ
//	assert_not_equal(got, unwanted [, note])
//	assert_true(got [, note])             true itself, as assert_false and assert_nil
//	assert_false(got [, note])
//	assert_nil(got [, note])
//	assert_not_nil(got [, note])          returns got
//	assert_contains(got, part [, note])   of a string
//	assert_match(got, pattern [, note])   a Lua pattern
//	assert_raises(want, f, ...)           want is a kind of luabind's errors, a part
//	                                      of the text raised, or a Lua pattern in it;
//	                                      returns what was raised
//	fail([note])
//	skip([note])                          ends the test, which does not count
//
// A failed assertion counts even when pcall catches it.
//
// Scripts and rule files can be run without a server:
//
//	plan = run_script(script, messages [, {args=, now=, explain=, dry_run=, seen=, state=}])
//
// script is the name of a file that ends with .lua, or the source itself;
// messages is a list of texts, or of tables of header fields and body, such as
// {from="shop@example.org", subject="Deals", list_id="<deals.example.org>",
// body="..."}. Every session of the script is on these messages, and the rule
// file that it returns judges them. now is the clock, in seconds since 1970;
// seen is when earlier runs saw messages, {[number]=seconds}, the others being
// new, or false for a session without a journal; state is the values that
// earlier runs kept, {name=value}.
// What the script raises is raised again. The plan has
//
//	deleted    {number, ...} of messages that would be deleted
//	decisions  {{num=, action=, target=, reason=, rule=, evidence=}, ...}
//	committed  whether the session ended by quit, or the rule file judged all
//	printed    what print wrote
//	state      {name=value} of what is kept then: what the script set, if it
//	           committed and dry_run is not set
//	saved      {{target=, name=, content=}, ...} of attachments
//	explained  lines by message-number, with explain=true
//	commands   {"LIST", "TOP 1 0", ...}: what was read
//
// The script runs with all of gopher-lua's own libraries, not in the confinement
// of a real run.
package luatest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/luabind"
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// hang bounds one test, so that an endless loop fails and not the whole run.
const hang = 2 * time.Minute

// Run runs the tests in every file that matches pattern, as in filepath.Glob,
// in the order in which they are written. A pattern without files, a file
// without tests, and a test that is local and would never run are failures.
// setup, unless nil, opens in each test's state what the test needs; with
// t.Cleanup it can close that again.
func Run(t *testing.T, pattern string, setup func(t *testing.T, L *lua.LState)) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			chunk, names := load(t, file)
			for _, name := range names {
				t.Run(name, func(t *testing.T) { run(t, chunk, name, setup) })
			}
		})
	}
}

// load compiles a file, and finds its tests.
func load(t *testing.T, file string) (*lua.FunctionProto, []string) {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	statements, err := parse.Parse(strings.NewReader(string(source)), file)
	if err != nil {
		t.Fatal(err)
	}
	names, err := tests(statements)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	chunk, err := lua.Compile(statements, file)
	if err != nil {
		t.Fatal(err)
	}
	return chunk, names
}

// tests returns the names of the tests that a file declares.
func tests(statements []ast.Stmt) ([]string, error) {
	var names []string
	for _, statement := range statements {
		switch s := statement.(type) {
		case *ast.FuncDefStmt:
			if name, ok := s.Name.Func.(*ast.IdentExpr); ok && strings.HasPrefix(name.Value, "test_") {
				names = append(names, name.Value)
			}
		case *ast.LocalAssignStmt:
			for _, name := range s.Names {
				if strings.HasPrefix(name, "test_") {
					return nil, errors.New(name + " is local and would never run")
				}
			}
		}
	}
	if len(names) == 0 {
		return nil, errors.New("declares no function test_*")
	}
	return names, nil
}

// run runs one test.
func run(t *testing.T, chunk *lua.FunctionProto, name string, setup func(*testing.T, *lua.LState)) {
	L := newState(t)
	if setup != nil {
		setup(t, L)
	}
	call(t, L, L.NewFunctionFromProto(chunk))
	if t.Failed() {
		return
	}
	defer callGlobal(t, L, "teardown")
	callGlobal(t, L, "setup")
	if !t.Failed() {
		callGlobal(t, L, name)
	}
}

// newState returns a state with libraries and assertions. It is closed when
// the test ends.
func newState(t *testing.T) *lua.LState {
	L := lua.NewState(lua.Options{SkipOpenLibs: true})
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName:   lua.OpenBase,
		lua.StringLibName: lua.OpenString,
		lua.TabLibName:    lua.OpenTable,
		lua.MathLibName:   lua.OpenMath,
	} {
		L.Push(L.NewFunction(open))
		L.Push(lua.LString(name))
		L.Call(1, 0)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	L.SetContext(ctx)
	t.Cleanup(func() {
		cancel()
		L.Close()
	})
	openAssertions(t, L)
	L.SetGlobal("run_script", L.NewFunction(runScript))
	return L
}

// callGlobal calls a global function, if there is one.
func callGlobal(t *testing.T, L *lua.LState, name string) {
	if f, ok := L.GetGlobal(name).(*lua.LFunction); ok {
		call(t, L, f)
	}
}

// call calls f and reports what it raises, unless it was reported before.
func call(t *testing.T, L *lua.LState, f *lua.LFunction) {
	err := L.CallByParam(lua.P{Fn: f, Protect: true})
	if err == nil {
		return
	}
	var api *lua.ApiError
	if errors.As(err, &api) {
		if end := verdictOf(api.Object); end != nil {
			if end.skipped {
				t.Skip(end.note)
			}
			return
		}
	}
	if e := luabind.ErrorFrom(err); e != nil {
		t.Errorf("%s: %v\n%s", e.Where, e, e.Traceback)
		return
	}
	t.Error(err)
}
