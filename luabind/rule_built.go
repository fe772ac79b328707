package luabind

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/internal/luastd"
)

// A built is what predicates a script has built and not used, until its rule
// file is there: "and" and "or" of Lua drop one side without a word.
type built struct {
	all  []*predicate
	done bool
}

// maxBuilt bounds what is kept. A script that builds more is not looked after.
const maxBuilt = 1000

// add takes a predicate that L has built.
func (b *built) add(L *lua.LState, p *predicate) {
	if b.done {
		return
	}
	if len(b.all) == maxBuilt {
		b.all = slices.DeleteFunc(b.all, func(p *predicate) bool { return p.used })
		if len(b.all) > maxBuilt/2 {
			b.end()
			return
		}
	}
	p.where = place(L)
	b.all = append(b.all, p)
}

// end forgets all.
func (b *built) end() { b.all, b.done = nil, true }

// unused is the first predicate that nothing uses, or nil.
func (b *built) unused() *predicate {
	for _, p := range b.all {
		if !p.used {
			return p
		}
	}
	return nil
}

// mustUseAll raises if the script built a predicate for nothing. A function may
// use one later.
func (f *RuleFile) mustUseAll(L *lua.LState) {
	for _, r := range f.rules {
		if r.function != nil {
			return
		}
		r.predicate.used = true
	}
	if p := f.binding.built.unused(); p != nil {
		f.place = p.where
		raise(L, KindValueError, p.short()+" was built and is in no rule: predicates combine with * for and, + for or")
	}
}

// rulePlace is where a rule's predicate was built or its function begins, as
// far as that is known.
func rulePlace(table *lua.LTable) string {
	rule := table.RawGetString("rule")
	if p := predicateValue(rule); p != nil {
		return p.where
	}
	if f, ok := rule.(*lua.LFunction); ok && f.Proto != nil {
		return fmt.Sprintf("%s:%d", f.Proto.SourceName, f.Proto.LineDefined)
	}
	return ""
}

// place is where the running script is: "rules.lua:12".
func place(L *lua.LState) string {
	for level := 0; ; level++ {
		frame, ok := L.GetStack(level)
		if !ok {
			if L = luastd.Caller(L); L == nil {
				return ""
			}
			level = -1
			continue
		}
		L.GetInfo("Sl", frame, lua.LNil)
		if frame.Source != "" {
			return fmt.Sprintf("%s:%d", frame.Source, frame.CurrentLine)
		}
	}
}
