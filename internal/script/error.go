package script

import (
	"context"
	"errors"
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
func (p *Program) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var api *lua.ApiError
	if !errors.As(err, &api) {
		return &Error{Message: err.Error(), Err: err}
	}
	e := &Error{Message: api.Object.String(), Traceback: api.StackTrace}
	if raised := luabind.ErrorFrom(err); raised != nil {
		e.Err = raised
		e.Message = raised.Error()
		if raised.Where != "" {
			e.Message = raised.Where + ": " + e.Message
		}
		e.Traceback = raised.Traceback
		return e
	}
	if ctx.Err() != nil {
		e.Err = context.Cause(ctx)
		e.Message = p.name + ": " + e.Err.Error()
		return e
	}
	e.Message = strings.TrimSpace(e.Message)
	if table, ok := api.Object.(*lua.LTable); ok {
		e.Message = p.name + ": raised a table" + tableMessage(table)
	}
	return e
}

// tableMessage shows the message field that scripts give their error tables.
func tableMessage(t *lua.LTable) string {
	if message, ok := t.RawGetString("message").(lua.LString); ok {
		return ": " + string(message)
	}
	return ""
}
