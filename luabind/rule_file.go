package luabind

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// A RuleFile is the rules that a script returned, checked.
type RuleFile struct {
	binding *binding
	rules   []*fileRule
	all     bool   // every rule is asked, and keep wins
	place   string // of the rule that is being read: "rules.lua:12"
}

// A fileRule is one rule: a function, which decides by msg:delete and its kind,
// or a predicate with the decisions about messages for which it holds.
type fileRule struct {
	name      string
	named     bool // by the script; else "rule 1"
	function  *lua.LFunction
	predicate *predicate
	decisions []Decision
}

// RuleFile takes what a script returned for a rule file: a function, a rule
// table, or a list of them. It is nil if the script returned nothing, or
// nothing that could be meant so: a string, a number or a boolean. Any other
// value, and what is wrong within a table, is an error as a script raises it.
func (b *Binding) RuleFile(L *lua.LState, value lua.LValue) (*RuleFile, error) {
	f, isFile := &RuleFile{binding: b.binding}, false
	err := b.binding.protect(L, func(L *lua.LState) { isFile = f.read(L, value) })
	if e := ErrorFrom(err); e != nil && e.Where == "" {
		e.Where = f.place
	}
	if err != nil || !isFile {
		return nil, err
	}
	b.binding.built.end()
	return f, nil
}

// protect calls f and returns what it raises. A panic of gopher-lua's own is an
// error too, since PCall does not catch every one.
func (b *binding) protect(L *lua.LState, f func(L *lua.LState)) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the Lua machine: %v", fault)
		}
	}()
	L.Push(b.function(L, func(L *lua.LState) int {
		f(L)
		return 0
	}))
	return L.PCall(0, 0, nil)
}

// Targets returns the names of the targets that rule tables deliver to, sorted.
// A function may name others.
func (f *RuleFile) Targets() []string {
	var names []string
	for _, r := range f.rules {
		for _, d := range r.decisions {
			if d.Action == ActionDeliver {
				names = append(names, d.Target)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// read reports whether the value is a rule file.
func (f *RuleFile) read(L *lua.LState, value lua.LValue) bool {
	switch v := value.(type) {
	case *lua.LNilType, lua.LString, lua.LNumber, lua.LBool:
		return false
	case *lua.LFunction:
		f.rules = []*fileRule{{function: v}}
		return true
	case *lua.LTable:
		if isRule(v) {
			f.readRule(L, v)
		} else {
			f.readList(L, v)
		}
		f.mustUseAll(L)
		return true
	}
	what := describe(value)
	if predicateValue(value) != nil {
		what = "a predicate alone; return {rule = the predicate, delete = true}"
	}
	raise(L, KindValueError, "a rule file returns a function(msg), a rule table or a list of rule tables, got "+what)
	return false
}

// readRule reads the next rule table.
func (f *RuleFile) readRule(L *lua.LState, table *lua.LTable) {
	f.place = rulePlace(table)
	f.rules = append(f.rules, newFileRule(L, table, len(f.rules)+1))
	f.place = ""
}

// ruleKeys are the keys of a rule table.
var ruleKeys = []string{"name", "rule", "delete", "keep", "deliver"}

// isRule tells a rule table from a list: a list has entries, and else nothing
// but match.
func isRule(table *lua.LTable) bool {
	names := stringKeys(table)
	return table.Len() == 0 && len(names) > 0 && !slices.Equal(names, []string{"match"})
}

// readList reads a list of rule tables.
func (f *RuleFile) readList(L *lua.LState, list *lua.LTable) {
	entries := 0
	list.ForEach(func(key, value lua.LValue) {
		switch name, ok := key.(lua.LString); {
		case !ok:
			entries++
		case name == "match":
			f.all = matchAll(L, value)
		case slices.Contains(ruleKeys, string(name)):
			raise(L, KindValueError, fmt.Sprintf("rules: %q belongs into a rule table of the list, such as { {name = ..., rule = ..., delete = true}, ... }", string(name)))
		default:
			raise(L, KindValueError, unknownName("rules", "key", string(name), append([]string{"match"}, ruleKeys...)))
		}
	})
	if entries == 0 || entries != list.Len() {
		raise(L, KindValueError, "rules: a list of rule tables has entries from 1 on, without holes; this one has none or a hole")
	}
	for i := range list.Len() {
		table, ok := list.RawGetInt(i + 1).(*lua.LTable)
		if !ok {
			raise(L, KindValueError, fmt.Sprintf("rules: entry %d must be a rule table such as {name = ..., rule = ..., delete = true}, got %s", i+1, describe(list.RawGetInt(i+1))))
		}
		f.readRule(L, table)
	}
}

// matchAll reads match, "first" or "all".
func matchAll(L *lua.LState, value lua.LValue) bool {
	match, _ := value.(lua.LString)
	if match != "first" && match != "all" {
		raise(L, KindValueError, `rules: match must be "first" (the first rule that decides ends) or "all" (every rule is asked, and keep wins), got `+describe(value))
	}
	return match == "all"
}

// newFileRule reads the rule table that is number n of its file.
func newFileRule(L *lua.LState, table *lua.LTable, n int) *fileRule {
	r := &fileRule{name: fmt.Sprintf("rule %d", n)}
	a := namedArguments(L, r.name, table, ruleKeys...)
	if name := a.text("name"); name != "" {
		if len(name) > maxName {
			a.refuse("name must have at most %d octets, got %d", maxName, len(name))
		}
		r.name, r.named = strings.Clone(name), true
		a.call += " " + quote(name)
	}
	r.predicate = predicateValue(a.get("rule"))
	r.function, _ = a.get("rule").(*lua.LFunction)
	switch {
	case r.function != nil:
		for _, key := range []string{"delete", "keep", "deliver"} {
			if a.get(key) != lua.LNil {
				a.refuse("a function decides by msg:%s(), so that %s= is for predicates", key, key)
			}
		}
	case r.predicate != nil:
		r.readDecisions(a)
	case a.get("rule").Type() == lua.LTBool:
		a.refuse("rule must be a predicate or a function, got %s; %s", describe(a.get("rule")), noLuaOperators)
	default:
		a.refuse("rule must be a predicate such as rule.from(\"shop.example\"), or a function(msg), got %s", describe(a.get("rule")))
	}
	return r
}

// readDecisions reads what a predicate decides.
func (r *fileRule) readDecisions(a arguments) {
	if v := a.get("deliver"); v != lua.LNil {
		target := a.text("deliver")
		if fault := targetFault(target); fault != "" {
			a.refuse("deliver: %s", fault)
		}
		r.decisions = append(r.decisions, Decision{Action: ActionDeliver, Target: strings.Clone(target), Reason: r.name})
	}
	deletes, keeps := r.readDecision(a, ActionDelete), r.readDecision(a, ActionKeep)
	if keeps && (deletes || len(r.decisions) > 1) {
		a.refuse("keep goes with nothing else; give keep=, delete= or deliver=")
	}
	if len(r.decisions) == 0 {
		a.refuse("decides nothing; give delete=true, keep=true or deliver=\"target\"")
	}
}

// denials are no reasons: who writes delete = "no" means the opposite.
var denials = []string{"no", "false", "never", "off"}

// readDecision reads delete or keep: true, or the reason.
func (r *fileRule) readDecision(a arguments, action string) bool {
	d := Decision{Action: action, Reason: r.name}
	switch v := a.get(action).(type) {
	case *lua.LNilType:
		return false
	case lua.LString:
		if v == "" {
			a.refuse("%s must be true or a reason, got \"\"", action)
		}
		if slices.Contains(denials, strings.ToLower(strings.TrimSpace(string(v)))) {
			a.refuse("%s must be true or a reason, got %s; leave %s= out for no", action, describe(v), action)
		}
		d.Reason = cut(string(v), maxReason)
	default:
		if v != lua.LTrue {
			a.refuse("%s must be true or a reason, got %s", action, describe(v))
		}
	}
	r.decisions = append(r.decisions, d)
	return true
}

// A RuleError is a rule file that was stopped at a message.
type RuleError struct {
	Rule    string // its name; "" if the file is one function
	Message int    // its message-number
	Err     error  // *lua.ApiError, or what stopped the Lua machine
}

// Error implements error.
func (e *RuleError) Error() string {
	text := fmt.Sprintf("message %d: %v", e.Message, e.Err)
	if e.Rule != "" {
		text = e.Rule + ": " + text
	}
	return text
}

// Place says where the rule file was stopped, to stand behind what was raised:
// ` (message 7, rule "old news")`.
func (e *RuleError) Place() string {
	if e.Rule == "" {
		return fmt.Sprintf(" (message %d)", e.Message)
	}
	return fmt.Sprintf(" (message %d, rule %s)", e.Message, shown(e.Rule))
}

// Unwrap returns what was raised.
func (e *RuleError) Unwrap() error { return e.Err }

// An UnreadError tells of a rule file that judged a session, save the messages
// that the server refused to give: those are kept.
type UnreadError struct {
	Count int    // of messages that could not be read
	First int    // the message-number of the first,
	Err   *Error // and what the server said about it
}

func (e *UnreadError) add(num int, why *Error) {
	if e.Count++; e.Count == 1 {
		e.First, e.Err = num, why
	}
}

// Error implements error.
func (e *UnreadError) Error() string {
	if e.Count == 1 {
		return fmt.Sprintf("message %d could not be read and is kept: %s", e.First, e.Err.Message)
	}
	return fmt.Sprintf("%d messages could not be read and are kept; the first is message %d: %s", e.Count, e.First, e.Err.Message)
}

// Kind returns KindErrorProto.
func (e *UnreadError) Kind() string { return KindErrorProto }

// Unwrap returns what the server said about the first.
func (e *UnreadError) Unwrap() error { return e.Err }
