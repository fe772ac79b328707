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
// gives a Decider what is decided. An account's name is for errors. Apply gives
// no QUIT. Every call of the session has ctx.
//
// A message that the server refuses to give, by -ERR to its TOP or RETR, is
// kept, and the others are judged; Apply returns an *UnreadError when it is
// through. Then the host may commit, and reports the error afterwards. Any other
// error ends Apply at once, as a *RuleError if a message was being judged; then
// the host must not commit.
func (f *RuleFile) Apply(L *lua.LState, ctx context.Context, s Session, name string) error {
	b := f.binding
	defer func() { b.judged = nil }()
	var run *judging
	err := b.protect(L, func(L *lua.LState) { run = f.begin(L, ctx, s, name) })
	if err != nil {
		return err
	}
	for {
		err := b.protect(L, run.judgeRest)
		if err == nil {
			break
		}
		if err = run.pass(L, err); err != nil {
			return err
		}
	}
	if run.unread.Count > 0 {
		return &run.unread
	}
	return nil
}

// A judging is where Apply stands.
type judging struct {
	file   *RuleFile
	next   func(L *lua.LState) *messageObject
	m      *messageObject // that is judged, or nil
	rule   string         // the name of the rule that is asked
	unread UnreadError
}

// begin lists the messages.
func (f *RuleFile) begin(L *lua.LState, ctx context.Context, conn Session, name string) *judging {
	b := f.binding
	object := b.newSession(L, conn, DialRequest{Host: name}, &debugLog{w: b.grants.Debug})
	s := sessionValue(object)
	s.ctx = ctx
	return &judging{file: f, next: s.iterate(s.list(L, "messages"), false)}
}

// judgeRest judges every message that is left.
func (j *judging) judgeRest(L *lua.LState) {
	b := j.file.binding
	for j.m = j.next(L); j.m != nil; j.m = j.next(L) {
		if err := b.stopped(L); err != nil {
			Raise(L, err)
		}
		b.judged = j.m
		j.judge(L, j.m)
		j.m.trial, b.judged = nil, nil
	}
}

// pass keeps the message that could not be read and returns nil, or returns
// what ends Apply.
func (j *judging) pass(L *lua.LState, err error) error {
	m, e := j.m, ErrorFrom(err)
	if m == nil {
		return err
	}
	m.trial, j.file.binding.judged = nil, nil
	if e != nil && e.unread == m && !m.session.marked[m.num] {
		j.unread.add(m.num, e)
		err = j.file.binding.protect(L, func(L *lua.LState) { j.keep(L, m, e) })
		if err == nil {
			return nil
		}
	}
	return &RuleError{Rule: j.rule, Message: m.num, Err: err}
}

// keep keeps a message that could not be read.
func (j *judging) keep(L *lua.LState, m *messageObject, e *Error) {
	reason := cut("could not be read: "+e.Message, maxReason)
	m.session.decide(L, "keep", m.num, Decision{Action: ActionKeep, Reason: reason, Rule: j.rule})
	if explainer, ok := m.session.conn.(Explainer); ok && j.file.binding.grants.Explain {
		explainer.Explain(m.num, []string{reason})
	}
}

// judge asks the rules about one message, in their order.
func (j *judging) judge(L *lua.LState, m *messageObject) {
	f := j.file
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
		j.rule = r.name
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
	if t.file.all {
		t.all = append(t.all, ruled{t.rule, d})
	} else {
		m.session.decide(L, d.Action, m.num, d)
	}
	t.decided = append(t.decided, d) // not before: decide raises, and a function may catch that
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
