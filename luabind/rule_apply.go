package luabind

import (
	"context"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// maxHeld bounds the predicates that a function's evidence names.
const maxHeld = 8

// A trial is one rule's judging of one message.
type trial struct {
	file    *RuleFile
	rule    *fileRule
	held    []*predicate // what a function asked and was told holds
	decided []Decision   // by this rule
	all     []ruled      // by every rule so far, where all are asked
}

// Ruled is a decision, and the rule that took it.
type ruled struct {
	rule *fileRule
	Decision
}

// Apply judges every message of a session that is not marked, by number, and
// gives a Decider what is decided. An account's name is for errors. The first
// error ends it, as a *RuleError if a message was being judged; then the host
// must not commit. Apply gives no QUIT. Every call of the session has ctx.
func (f *RuleFile) Apply(L *lua.LState, ctx context.Context, s Session, name string) error {
	at := &RuleError{}
	err := f.binding.protect(L, func(L *lua.LState) { f.judgeAll(L, ctx, s, name, at) })
	if err != nil && at.Message > 0 {
		at.Err = err
		return at
	}
	return err
}

// judgeAll judges every message, and keeps in at where it stands.
func (f *RuleFile) judgeAll(L *lua.LState, ctx context.Context, conn Session, name string, at *RuleError) {
	b := f.binding
	object := b.newSession(L, conn, DialRequest{Host: name}, &debugLog{w: b.grants.Debug})
	s := sessionValue(object)
	s.ctx = ctx
	next := s.iterate(s.list(L, "messages"), false)
	for m := next(L); m != nil; m = next(L) {
		if err := b.stopped(L); err != nil {
			Raise(L, err)
		}
		at.Message = m.num
		f.judge(L, m, at)
		m.trial = nil
	}
}

// judge asks the rules about one message, in their order.
func (f *RuleFile) judge(L *lua.LState, m *messageObject, at *RuleError) {
	t := &trial{file: f}
	m.trial = t
	var lines []string
	explainer, explains := m.session.conn.(Explainer)
	explains = explains && f.binding.grants.Explain
	ended := false
	for _, r := range f.rules {
		if ended {
			lines = append(lines, r.title()+" not asked")
			continue
		}
		at.Rule = r.name
		t.rule, t.held, t.decided = r, nil, nil
		lines = r.ask(L, m, explains, lines)
		ended = len(t.decided) > 0 && !f.all
		if ended && !explains {
			break
		}
	}
	for _, d := range keepWins(t.all) {
		m.session.decide(L, d.Action, m.num, d)
	}
	if explains {
		explainer.Explain(m.num, lines)
	}
}

// title begins a rule's lines of an explanation.
func (r *fileRule) title() string {
	if r.name == "" {
		return "the function"
	}
	return "rule " + shown(r.name)
}

// ask asks one rule, which decides or does not, and adds its lines to an
// explanation that is wanted.
func (r *fileRule) ask(L *lua.LState, m *messageObject, explains bool, lines []string) []string {
	title := len(lines)
	if explains {
		lines = append(lines, "")
	}
	if r.function != nil {
		r.call(L, m)
	} else {
		lines = r.askPredicate(&question{L, m}, explains, lines)
	}
	if explains {
		lines[title] = r.title() + " says " + said(m.trial.decided)
	}
	return lines
}

// askPredicate decides what the rule table says if the predicate holds.
func (r *fileRule) askPredicate(q *question, explains bool, lines []string) []string {
	first := len(lines)
	var held bool
	if explains {
		var said truth
		said, lines = r.predicate.explain(q, yes, true, lines)
		held = said == yes
		for i := range lines[first:] {
			lines[first+i] = "  " + lines[first+i]
		}
	} else {
		held = r.predicate.holds(q)
	}
	if !held {
		return lines
	}
	_, evidence := r.predicate.evidence(q)
	for _, d := range r.decisions {
		d.Evidence = evidence
		q.m.trial.take(q.L, q.m, d)
	}
	return lines
}

// said tells what was decided: "deliver archive, delete".
func said(decisions []Decision) string {
	var words []string
	for _, d := range decisions {
		words = append(words, strings.TrimSpace(d.Action+" "+d.Target))
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

// call calls a function rule, which must not return anything: a value would be
// a decision that nobody carries out.
func (r *fileRule) call(L *lua.LState, m *messageObject) {
	base := L.GetTop()
	L.Push(r.function)
	L.Push(&m.object)
	L.Call(1, lua.MultRet)
	for i := base + 1; i <= L.GetTop(); i++ {
		if v := L.Get(i); v != lua.LNil {
			raise(L, KindValueError, fmt.Sprintf("%s: a rule returns nothing, got %s; it decides by msg:delete(), msg:keep() or msg:deliver()", r.title(), describe(v)))
		}
	}
	L.SetTop(base)
}

// take takes a decision: of the first rule that decides at once, else when all
// have spoken.
func (t *trial) take(L *lua.LState, m *messageObject, d Decision) {
	d.Rule = t.rule.name
	if t.rule.function != nil {
		d.Evidence = t.evidence(&question{L, m})
	}
	t.decided = append(t.decided, d)
	if t.file.all {
		t.all = append(t.all, ruled{t.rule, d})
		return
	}
	m.session.decide(L, d.Action, m.num, d)
}

// evidence is that of the predicates which a function asked.
func (t *trial) evidence(q *question) string {
	text := ""
	for _, p := range t.held {
		_, more := p.evidence(q)
		if text != "" {
			more = " and " + more
		}
		text = joined(text, more)
	}
	return text
}

// keepWins is what decisions of several rules come to: all deliveries, each to
// a target once; and keep if any rule said so, else delete. Of one rule's own
// delete and keep the last counts.
func keepWins(decisions []ruled) []Decision {
	var result []Decision
	last := map[*fileRule]Decision{}
	var order []*fileRule
	for _, d := range decisions {
		if d.Action == ActionDeliver {
			result = appendTarget(result, d.Decision)
			continue
		}
		if _, ok := last[d.rule]; !ok {
			order = append(order, d.rule)
		}
		last[d.rule] = d.Decision
	}
	var final Decision
	for _, rule := range order {
		if d := last[rule]; final.Action == "" || final.Action == ActionDelete && d.Action == ActionKeep {
			final = d
		}
	}
	if final.Action != "" {
		result = append(result, final)
	}
	return result
}

// appendTarget adds a delivery unless its target has one.
func appendTarget(deliveries []Decision, d Decision) []Decision {
	for _, other := range deliveries {
		if other.Target == d.Target {
			return deliveries
		}
	}
	return append(deliveries, d)
}
