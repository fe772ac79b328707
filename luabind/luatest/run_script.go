package luatest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// runScript is run_script(script, messages [, options]).
func runScript(L *lua.LState) int {
	o := scriptOptions(L, L.OptTable(3, L.NewTable()))
	name, source := scriptSource(L, L.CheckString(1))
	drop := NewMaildrop(messageTexts(L, L.CheckTable(2))...)
	drop.Seen, drop.Now = o.seen, o.now
	printed, err := o.run(drop, name, source)
	if err != nil {
		raiseAgain(L, err)
	}
	plan := planTable(L, drop, printed)
	plan.RawSetString("saved", savedTable(L, drop.Saved))
	drop.values.abort()
	plan.RawSetString("state", drop.stateTable(L))
	L.Push(plan)
	return 1
}

// A scriptRun is what run_script's options ask for.
type scriptRun struct {
	args    []string
	now     func() time.Time
	explain bool
	dryRun  bool
	seen    map[int]time.Time // nil is no journal
	state   *lua.LTable       // values of earlier runs; may be nil
}

func scriptOptions(L *lua.LState, table *lua.LTable) scriptRun {
	o := scriptRun{seen: map[int]time.Time{}}
	table.ForEach(func(key, value lua.LValue) {
		switch key.String() {
		case "args":
			list, ok := value.(*lua.LTable)
			if !ok {
				L.RaiseError("run_script: args must be a list of strings, got %s", value.Type())
			}
			list.ForEach(func(_, arg lua.LValue) { o.args = append(o.args, arg.String()) })
		case "now":
			seconds, ok := value.(lua.LNumber)
			if !ok {
				L.RaiseError("run_script: now must be seconds since 1970, got %s", value.Type())
			}
			o.now = func() time.Time { return time.Unix(int64(seconds), 0) }
		case "seen":
			o.seen = seenOption(L, value)
		case "state":
			table, ok := value.(*lua.LTable)
			if !ok {
				L.RaiseError("run_script: state must be a table of values, got %s", value.Type())
			}
			o.state = table
		case "explain":
			o.explain = lua.LVAsBool(value)
		case "dry_run":
			o.dryRun = lua.LVAsBool(value)
		default:
			L.RaiseError("run_script has no option %q; it has args, now, explain, dry_run, seen, state", key.String())
		}
	})
	return o
}

// seenOption is when earlier runs saw messages, by number; false is no journal.
func seenOption(L *lua.LState, value lua.LValue) map[int]time.Time {
	if value == lua.LFalse {
		return nil
	}
	table, ok := value.(*lua.LTable)
	if !ok {
		L.RaiseError("run_script: seen must be {[number]=seconds, ...} or false, got %s", value.Type())
	}
	seen := map[int]time.Time{}
	table.ForEach(func(key, value lua.LValue) {
		n, ok1 := key.(lua.LNumber)
		seconds, ok2 := value.(lua.LNumber)
		if !ok1 || !ok2 {
			L.RaiseError("run_script: seen must be {[number]=seconds, ...}, got %s = %s", key.String(), value.String())
		}
		seen[int(n)] = time.Unix(int64(seconds), 0)
	})
	return seen
}

// scriptSource reads the file of that name, unless it is the source itself.
func scriptSource(L *lua.LState, script string) (name, source string) {
	if !strings.HasSuffix(script, ".lua") || strings.Contains(script, "\n") {
		return "script.lua", script
	}
	text, err := os.ReadFile(script)
	if err != nil {
		L.RaiseError("run_script: %v", err)
	}
	return script, string(text)
}

// messageTexts are the messages of a list: texts, or tables of header fields
// with the field body.
func messageTexts(L *lua.LState, list *lua.LTable) []string {
	var texts []string
	for i := range list.Len() {
		switch v := list.RawGetInt(i + 1).(type) {
		case lua.LString:
			texts = append(texts, string(v))
		case *lua.LTable:
			texts = append(texts, messageText(v))
		default:
			L.RaiseError("run_script: message %d must be a string or a table of fields, got %s", i+1, v.Type())
		}
	}
	return texts
}

// messageText makes a message of its fields. An underscore in a name stands
// for a hyphen: list_id is List-Id.
func messageText(table *lua.LTable) string {
	fields := map[string]string{}
	table.ForEach(func(key, value lua.LValue) {
		fields[strings.ReplaceAll(key.String(), "_", "-")] = value.String()
	})
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != "body" {
			fmt.Fprintf(&text, "%s: %s\r\n", name, lineEnds(fields[name]))
		}
	}
	return text.String() + "\r\n" + lineEnds(fields["body"])
}

// run runs a script in a state of its own, every session of it on the
// maildrop, and then the rule file that it returned, if it did.
func (o scriptRun) run(drop *Maildrop, name, source string) (printed string, err error) {
	L := lua.NewState()
	defer L.Close()
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	L.SetContext(ctx)
	var out strings.Builder
	L.SetGlobal("print", L.NewFunction(func(L *lua.LState) int {
		words := make([]string, L.GetTop())
		for i := range words {
			words[i] = L.ToStringMeta(L.Get(i + 1)).String()
		}
		out.WriteString(strings.Join(words, "\t") + "\n")
		return 0
	}))
	args := L.NewTable()
	for _, arg := range o.args {
		args.Append(lua.LString(arg))
	}
	args.RawSetInt(0, lua.LString(name))
	L.SetGlobal("arg", args)
	binding := luabind.Preload(L, &luabind.Grants{
		Dial: func(context.Context, luabind.DialRequest) (luabind.Session, error) { return drop, nil },
		Account: func(_ context.Context, account string, _ func(pop3.TraceEvent)) (luabind.AccountSession, error) {
			return luabind.AccountSession{Session: drop, Name: account, Host: "maildrop"}, nil
		},
		State:   drop.State,
		Save:    drop.Save,
		Now:     o.now,
		Explain: o.explain,
		Script:  luabind.Script{Name: name, Args: o.args, DryRun: o.dryRun},
	})
	if err := drop.remember(L, o.state); err != nil {
		return "", err
	}
	drop.values.dry = o.dryRun
	chunk, err := L.Load(strings.NewReader(source), name)
	if err != nil {
		return "", err
	}
	if err := L.CallByParam(lua.P{Fn: chunk, NRet: 1, Protect: true}); err != nil {
		return out.String(), err
	}
	file, err := binding.RuleFile(L, L.Get(-1))
	if err != nil || file == nil {
		return out.String(), err
	}
	if err = file.Apply(L, ctx, drop, "maildrop"); err == nil {
		_, err = drop.Quit(ctx)
	}
	return out.String(), err
}

// raiseAgain raises in L what was raised in the script's own state.
func raiseAgain(L *lua.LState, err error) {
	if e := luabind.ErrorFrom(err); e != nil {
		again := *e
		if e.Where != "" {
			again.Message = e.Where + ": " + e.Message
		}
		luabind.Raise(L, &again)
	}
	if api := (*lua.ApiError)(nil); errors.As(err, &api) && api.Object != nil {
		L.Error(lua.LString(api.Object.String()), 0)
	}
	L.Error(lua.LString(err.Error()), 0)
}

// planTable is what run_script returns.
func planTable(L *lua.LState, drop *Maildrop, printed string) *lua.LTable {
	plan, deleted, decisions, explained := L.NewTable(), L.NewTable(), L.NewTable(), L.NewTable()
	for _, n := range drop.Deleted() {
		deleted.Append(lua.LNumber(n))
	}
	for _, d := range drop.Decided {
		decision := L.NewTable()
		decision.RawSetString("num", lua.LNumber(d.Message))
		for name, text := range map[string]string{
			"action": d.Action, "target": d.Target, "reason": d.Reason, "rule": d.Rule, "evidence": d.Evidence,
		} {
			if text != "" {
				decision.RawSetString(name, lua.LString(text))
			}
		}
		decisions.Append(decision)
	}
	for n, lines := range drop.Explained {
		list := L.NewTable()
		for _, line := range lines {
			list.Append(lua.LString(line))
		}
		explained.RawSetInt(n, list)
	}
	commands := L.NewTable()
	for _, command := range drop.Commands {
		commands.Append(lua.LString(command))
	}
	plan.RawSetString("deleted", deleted)
	plan.RawSetString("decisions", decisions)
	plan.RawSetString("explained", explained)
	plan.RawSetString("commands", commands)
	plan.RawSetString("printed", lua.LString(printed))
	plan.RawSetString("committed", lua.LBool(drop.Committed))
	return plan
}

// savedTable is the attachments that a script saved.
func savedTable(L *lua.LState, saved []Saved) *lua.LTable {
	list := L.NewTable()
	for _, s := range saved {
		entry := L.NewTable()
		entry.RawSetString("target", lua.LString(s.Target))
		entry.RawSetString("name", lua.LString(s.Name))
		entry.RawSetString("content", lua.LString(s.Octets))
		list.Append(entry)
	}
	return list
}
