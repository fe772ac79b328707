package luabind

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// newPredicateMeta makes the metatable of predicates: + is or, * is and, - is
// and-not, or before one predicate not; a call judges a message.
func (b *binding) newPredicateMeta(L *lua.LState) *lua.LTable {
	functions := map[string]lua.LGFunction{
		"__add":      b.combine("+", opOr),
		"__mul":      b.combine("*", opAnd),
		"__sub":      b.combine("-", opAndNot),
		"__unm":      b.negate,
		"__call":     b.predicateCall,
		"__tostring": predicateToString,
		"__index": func(L *lua.LState) int {
			raise(L, KindValueError, fmt.Sprintf("predicate has no field %s; p(msg) judges a message, and p + q, p * q, -p combine", quote(L.Get(2).String())))
			return 0
		},
	}
	for event, sign := range map[string]string{
		"__concat": "..", "__div": "/", "__mod": "%", "__pow": "^", "__lt": "<", "__le": "<=",
	} {
		functions[event] = func(L *lua.LState) int {
			raise(L, KindValueError, "rule: "+sign+" is not for predicates: p * q is and, p + q is or, -p is not; tostring(p) is their text")
			return 0
		}
	}
	return b.closed(L, "predicate", functions)
}

// noLuaOperators is for who was misled by what other values do.
const noLuaOperators = "not, and, or are not for predicates: write -p, p * q, p + q"

// givePredicate returns a predicate to Lua.
func (b *binding) givePredicate(L *lua.LState, p *predicate) int {
	b.built.add(L, p)
	L.Push(&lua.LUserData{Value: p, Env: L.Env, Metatable: b.predicate})
	return 1
}

func predicateValue(v lua.LValue) *predicate {
	if object, ok := v.(*lua.LUserData); ok {
		p, _ := object.Value.(*predicate)
		return p
	}
	return nil
}

func (b *binding) combine(sign string, made op) lua.LGFunction {
	return func(L *lua.LState) int {
		left, right := predicateValue(L.Get(1)), predicateValue(L.Get(2))
		for i, p := range []*predicate{left, right} {
			if p == nil {
				text := fmt.Sprintf("rule: %s wants a predicate on both sides, got %s", sign, describe(L.Get(i+1)))
				if L.Get(i+1).Type() == lua.LTBool {
					text += "; " + noLuaOperators
				}
				raise(L, KindValueError, text)
			}
		}
		size := left.size + right.size
		if size > maxLeaves {
			raise(L, KindLimit, fmt.Sprintf("rule: a predicate of %d parts is larger than %d", size, maxLeaves))
		}
		left.used, right.used = true, true
		return b.givePredicate(L, &predicate{op: made, a: left, b: right, size: size})
	}
}

// negate makes -p. What is negated often is negated once or not at all, so
// that no depth comes of it.
func (b *binding) negate(L *lua.LState) int {
	p := predicateValue(L.Get(1))
	if p == nil {
		raise(L, KindValueError, "rule: - wants a predicate, got "+describe(L.Get(1)))
	}
	p.used = true
	if p.op == opNot {
		L.Push(&lua.LUserData{Value: p.a, Env: L.Env, Metatable: b.predicate})
		return 1
	}
	return b.givePredicate(L, &predicate{op: opNot, a: p, size: p.size})
}

// predicateCall is p(msg).
func (b *binding) predicateCall(L *lua.LState) int {
	p, m := predicateValue(L.Get(1)), messageValue(L.Get(2))
	if p == nil || m == nil {
		raise(L, KindValueError, "a predicate judges a message: p(msg), got "+describe(L.Get(2)))
	}
	p.used = true
	held := p.holds(&question{L, m})
	if held && m.trial != nil && len(m.trial.held) < maxHeld && !slices.Contains(m.trial.held, p) {
		m.trial.held = append(m.trial.held, p)
	}
	L.Push(lua.LBool(held))
	return 1
}

func predicateToString(L *lua.LState) int {
	p := predicateValue(L.Get(1))
	if p == nil {
		raise(L, KindValueError, "not a predicate")
	}
	L.Push(lua.LString(p.String()))
	return 1
}
