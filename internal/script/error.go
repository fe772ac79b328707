package script

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/luabind"
)

// Error is a script that raised, or was stopped.
type Error struct {
	Message   string // "cleanup.lua:7: error_proto: -ERR no such message"
	Traceback string // where the script stood; lines of text, may be empty
	Err       error  // *luabind.Error if a host object was raised, the cause if ctx ended, else nil
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// explain turns what gopher-lua returns into an *Error. It is the one place
// that takes its ApiError apart: the raised value is in Object, not in Cause.
func (p *Program) explain(ctx *budget, err error) error {
	if err == nil {
		return nil
	}
	if at := (*luabind.RuleError)(nil); errors.As(err, &at) {
		e := p.explainRaised(ctx, at.Err)
		e.Message += at.Place()
		return e
	}
	return p.explainRaised(ctx, err)
}

func (p *Program) explainRaised(ctx *budget, err error) *Error {
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return &Error{Message: err.Error(), Err: err}
	}
	e := &Error{Message: api.Object.String(), Traceback: api.StackTrace}
	if raised := luabind.ErrorFrom(err); raised != nil {
		e.Err = raised
		e.Message = raised.Error()
		if raised.Response != "" && raised.Command != "" {
			e.Message += " (" + raised.Command + ")" // the server's words seldom say to what
		}
		if raised.Where != "" {
			e.Message = raised.Where + ": " + e.Message
		}
		e.Traceback = raised.Traceback
		return e
	}
	if ctx.Err() != nil {
		e.Err = ctx.Err()
		if ctx.Context.Err() != nil {
			e.Err = context.Cause(ctx)
		}
		e.Message = p.name + ": " + e.Err.Error()
		return e
	}
	e.Message = strings.TrimSpace(e.Message)
	switch raised := api.Object.(type) {
	case lua.LString, lua.LNumber:
		e.Message = nameIndexed(p.nameCalls(p.innermost(e.Message)))
	case *lua.LTable:
		e.Message = p.name + ": raised a table" + tableMessage(raised)
	default:
		e.Message = p.name + ": raised a value that is no message: " + raised.Type().String()
	}
	return e
}

// innermost drops from the front of a message the places that another follows:
// coroutine.wrap puts one before each error that it passes on.
func (p *Program) innermost(message string) string {
	for {
		rest, _ := strings.CutPrefix(message, p.name+":")
		line, said, _ := strings.Cut(rest, ": ")
		if _, err := strconv.Atoi(line); err != nil || !strings.HasPrefix(said, p.name+":") {
			return message
		}
		message = said
	}
}

// nameIndexed says it as Lua does: a nil value, not a non-table object(nil).
func nameIndexed(message string) string {
	before, after, found := strings.Cut(message, "attempt to index a non-table object(")
	kind, key, closed := strings.Cut(after, ")")
	if !found || !closed {
		return message
	}
	return before + "attempt to index a " + kind + " value" + key
}

// notCallable is gopher-lua's message for the call of nil, or of anything else
// that is no function.
const notCallable = "attempt to call a non-function object"

// nameCalls says which call of the line it was that had no function to call.
func (p *Program) nameCalls(message string) string {
	place, found := strings.CutSuffix(message, ": "+notCallable)
	name, number, _ := cutLast(place, ":")
	line, err := strconv.Atoi(number)
	if !found || err != nil || name != p.name {
		return message
	}
	calls := callsOn(p.proto, line)
	slices.Sort(calls)
	if calls = slices.Compact(calls); len(calls) == 0 {
		return message
	}
	return place + ": attempt to call what is no function: " + strings.Join(calls, " or ")
}

// callsOn names what is called on a line.
func callsOn(proto *lua.FunctionProto, line int) []string {
	var calls []string
	for _, call := range proto.DbgCalls {
		if slices.Contains(kept, call.Name) || call.Name == "?" {
			continue // these are functions, or have no name
		}
		if call.Pc < len(proto.DbgSourcePositions) && proto.DbgSourcePositions[call.Pc] == line {
			calls = append(calls, call.Name)
		}
	}
	for _, inner := range proto.FunctionPrototypes {
		calls = append(calls, callsOn(inner, line)...)
	}
	return calls
}

// cutLast is strings.Cut at the last separator.
func cutLast(s, separator string) (before, after string, found bool) {
	i := strings.LastIndex(s, separator)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(separator):], true
}

// tableMessage shows the message field that scripts give their error tables.
func tableMessage(t *lua.LTable) string {
	if message, ok := t.RawGetString("message").(lua.LString); ok {
		return ": " + string(message)
	}
	return ""
}
