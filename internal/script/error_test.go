package script

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind"
)

// What a script may raise, as its author reads it.
func TestRaisedValues(t *testing.T) {
	tests := []struct{ source, want string }{
		{`error("a string")`, "test.lua:1: a string"},
		{`error("without a place", 0)`, "without a place"},
		{"\n\nlocal function f() error('deeper') end\nf()", "test.lua:3: deeper"},
		{`error("ends with a line end\n")`, "test.lua:1: ends with a line end"},
		{`error("100% %s %d")`, "test.lua:1: 100% %s %d"},
		{`error(42)`, "42"},
		{`error(nil)`, "test.lua: raised a value that is no message: nil"},
		{`error(true)`, "test.lua: raised a value that is no message: boolean"},
		{`error(print)`, "test.lua: raised a value that is no message: function"},
		{`error(coroutine.create(print))`, "test.lua: raised a value that is no message: thread"},
		{`error(pop3.create_default_context())`, "test.lua: raised a value that is no message: userdata"},
		{`error({})`, "test.lua: raised a table"},
		{`error({message = "why"})`, "test.lua: raised a table: why"},
		{`error({message = {}})`, "test.lua: raised a table"},
		{`error(setmetatable({}, {__index = function() error("x") end}))`, "test.lua: raised a table"},
		{`error()`, "test.lua:1: bad argument #1 to error (value expected)"},
		{`pop3.POP3("x")`, "test.lua:1: error_proto: -ERR [IN-USE] not now"},
		{"local ok, e = pcall(function() pop3.POP3('x') end)\nerror(e)", "test.lua:1: error_proto: -ERR [IN-USE] not now"},
		{"local ok, e = pcall(function() pop3.POP3('x') end)\nerror('failed: ' .. e, 0)", "failed: error_proto: -ERR [IN-USE] not now"},
		{`coroutine.wrap(function() pop3.POP3("x") end)()`, "test.lua:1: error_proto: -ERR [IN-USE] not now"},
		{`pop3.with({host = "x", tls = false}, print)`, "test.lua:1: error_proto: -ERR [IN-USE] not now"},
		{`pop3.pop3()`, `test.lua:1: ValueError: module pop3 has no name "pop3"; did you mean "POP3"?`},
		{`local x = nil; x.y = 1`, "test.lua:1: attempt to index"},
		{`local x = 1 + {}`, "test.lua:1: cannot perform add operation between number and table"},
		{`undefined()`, `test.lua:1: there is no global "undefined"`},
		{`local t = {} t.missing()`, "test.lua:1: attempt to call what is no function: missing"},
		{"local t = {}\nprint(t.a and 1, t.b())", "test.lua:2: attempt to call what is no function: b"},
		{`local f f()`, "test.lua:1: attempt to call what is no function: f"},
	}
	for _, tt := range tests {
		_, err := run(t, context.Background(), tt.source)
		var failed *Error
		if !errors.As(err, &failed) {
			t.Errorf("%s: got %v, want an *Error", tt.source, err)
			continue
		}
		if !strings.HasPrefix(failed.Message, tt.want) || failed.Error() != failed.Message {
			t.Errorf("%s: got %q, want %q", tt.source, failed.Message, tt.want)
		}
		if !strings.Contains(failed.Traceback, "test.lua:") {
			t.Errorf("%s: got traceback %q, want the places of the script", tt.source, failed.Traceback)
		}
		var object *luabind.Error
		if strings.HasPrefix(tt.want, "test.lua:1: error_proto:") && !errors.As(err, &object) {
			t.Errorf("%s: got %#v, want it to wrap the object", tt.source, failed.Err)
		}
	}
}

// The traceback goes from where it was raised to the main chunk.
func TestTraceback(t *testing.T) {
	const source = "local function inner() %s end\nlocal function outer()\n  inner()\nend\nouter()"
	for _, fault := range []string{`error("x")`, `pop3.POP3("x")`, `local y = nil + 1`, `error({})`} {
		_, err := run(t, context.Background(), strings.Replace(source, "%s", fault, 1))
		var failed *Error
		if !errors.As(err, &failed) {
			t.Fatalf("%s: got %v, want an *Error", fault, err)
		}
		at := 0
		for _, place := range []string{"stack traceback:", "test.lua:1:", "test.lua:3:", "test.lua:5:"} {
			i := strings.Index(failed.Traceback[at:], place)
			if i < 0 {
				t.Errorf("%s: got traceback %q, want %s in its order", fault, failed.Traceback, place)
				break
			}
			at += i
		}
	}
}

// An error object that nobody caught arrives whole.
func TestErrorObject(t *testing.T) {
	_, err := run(t, context.Background(), "\npop3.POP3('x')")
	var object *luabind.Error
	if !errors.As(err, &object) {
		t.Fatalf("got %v, want a *luabind.Error", err)
	}
	if object.Code != "IN-USE" || !object.Temporary || object.Where != "test.lua:2" || object.Kind != "error_proto" {
		t.Errorf("got %+v", object)
	}
}
