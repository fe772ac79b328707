package luabind_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/luabind/luatest"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A plainDrop is a maildrop that marks by DELE alone, as *pop3.Client does.
type plainDrop struct{ luabind.Session }

// An oddDrop is a maildrop whose TOP does not work.
type oddDrop struct {
	*luatest.Maildrop
	top string // "none", "empty" or "whole"
}

func (o oddDrop) CmdText(ctx context.Context, verb string, args ...string) (*pop3.Text, error) {
	if verb != "TOP" {
		return o.Maildrop.CmdText(ctx, verb, args...)
	}
	switch o.top {
	case "none":
		o.Commands = append(o.Commands, "TOP "+strings.Join(args, " "))
		return nil, &pop3.Error{Command: "TOP", Line: "-ERR unknown command"}
	case "empty":
		o.Commands = append(o.Commands, "TOP "+strings.Join(args, " "))
		return pop3.NewText("+OK", strings.NewReader("\r\n")), nil
	}
	return o.Maildrop.CmdText(ctx, "RETR", args[0])
}

func (o oddDrop) Capabilities(context.Context) (pop3.Capabilities, error) {
	return pop3.Capabilities{"UIDL": nil}, nil
}

func (o oddDrop) Read(ctx context.Context, n, lines int) (*pop3.Text, error) {
	if lines == pop3.Whole {
		return o.Maildrop.Read(ctx, n, lines)
	}
	return o.CmdText(ctx, "TOP", strconv.Itoa(n), strconv.Itoa(lines))
}

// An expectingDrop notes what it is told to expect.
type expectingDrop struct {
	*luatest.Maildrop
	expected []string
}

func (e *expectingDrop) Expect(_ context.Context, lines int, numbers []int) {
	e.expected = append(e.expected, fmt.Sprint(lines, numbers))
}

func (e *expectingDrop) AllowReadAhead(allowed bool) {
	e.expected = append(e.expected, fmt.Sprint("allowed ", allowed))
}

// A brokenStore fails in all that it is asked.
type brokenStore struct{ err error }

func (b brokenStore) Get(context.Context, string) (string, bool, error) { return "", false, b.err }

func (b brokenStore) Set(context.Context, string, *string, time.Time) error { return b.err }

func (b brokenStore) Incr(context.Context, string, int64) (int64, error) { return 0, b.err }

func (b brokenStore) Expire(context.Context, string, time.Time) (bool, error) { return false, b.err }

func (b brokenStore) save(context.Context, string, string, []byte) (string, error) { return "", b.err }

// fullError is a limit as hosts have them.
type fullError struct{}

func (fullError) Error() string { return "the disk is full" }
func (fullError) Kind() string  { return "limit" }

func (h *host) luaMaildrop(L *lua.LState) int {
	var texts []string
	L.CheckTable(1).ForEach(func(_, text lua.LValue) { texts = append(texts, text.String()) })
	drop := luatest.NewMaildrop(texts...)
	expecting := &expectingDrop{Maildrop: drop}
	var session luabind.Session = drop
	if o := L.OptTable(2, nil); o != nil {
		if lua.LVAsBool(o.RawGetString("expecter")) {
			session = expecting
		}
		if seen, ok := o.RawGetString("seen").(*lua.LTable); ok {
			drop.Seen = map[int]time.Time{}
			seen.ForEach(func(n, seconds lua.LValue) {
				drop.Seen[int(n.(lua.LNumber))] = time.Unix(int64(seconds.(lua.LNumber)), 0)
			})
			h.grants.State, h.grants.Save = drop.State, drop.Save
			drop.Now = func() time.Time {
				if h.grants.Now == nil {
					return time.Now()
				}
				return h.grants.Now()
			}
		}
		if top := o.RawGetString("top"); top != lua.LNil {
			session = oddDrop{drop, top.String()}
		}
		if lua.LVAsBool(o.RawGetString("plain")) {
			session = plainDrop{session}
		}
	}
	h.grants.Account = func(_ context.Context, name string, _ func(pop3.TraceEvent)) (luabind.AccountSession, error) {
		return luabind.AccountSession{Session: session, Name: name, Host: "pop.example.org", Port: 995, TLS: true}, nil
	}
	if err := L.CallByParam(lua.P{Fn: L.GetField(L.GetGlobal("pop3"), "account"), NRet: 1, Protect: true}); err != nil {
		h.t.Fatal(err)
	}
	L.Push(h.luaSaw(L, drop, expecting))
	return 2
}

// luaSaw is the table of what a maildrop saw: functions, since it goes on.
func (h *host) luaSaw(L *lua.LState, drop *luatest.Maildrop, expecting *expectingDrop) *lua.LTable {
	list := func(texts func() []string) *lua.LFunction {
		return L.NewFunction(func(L *lua.LState) int {
			table := L.NewTable()
			for _, text := range texts() {
				table.Append(lua.LString(text))
			}
			L.Push(table)
			return 1
		})
	}
	saw := L.NewTable()
	saw.RawSetString("commands", list(func() []string { return drop.Commands }))
	saw.RawSetString("expected", list(func() []string { return expecting.expected }))
	saw.RawSetString("saved", list(func() (texts []string) {
		for _, s := range drop.Saved {
			texts = append(texts, s.Target+" "+s.Name+" "+strings.TrimSpace(string(s.Octets)))
		}
		return texts
	}))
	saw.RawSetString("decided", list(func() (texts []string) {
		for _, d := range drop.Decided {
			texts = append(texts, strings.TrimSpace(fmt.Sprintf("%d %s %s", d.Message, strings.TrimSpace(d.Action+" "+d.Target), d.Reason)))
		}
		return texts
	}))
	return saw
}
