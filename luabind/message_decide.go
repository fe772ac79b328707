package luabind

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// Bounds of a decision's texts, in octets. A reason that is longer is cut, a
// name refused.
const (
	maxReason = 500
	maxName   = 200
)

// reason returns argument n, or what says where the script stands.
func (m *messageObject) reason(L *lua.LState, n int, method string) string {
	reason := cut(positional{L, method}.textOr(n, "reason", ""), maxReason)
	if reason != "" {
		return reason
	}
	if m.trial != nil && m.trial.rule.named {
		return m.trial.rule.name
	}
	where, _ := stack(L)
	return method + " at " + where
}

// cut copies the first octets of s, whole characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return strings.Clone(s)
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "..."
}

// targetFault says what is wrong with the name of a target.
func targetFault(name string) string {
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7F }) {
		return fmt.Sprintf("target must be a name of 1 to %d octets, got %s", maxName, quote(name))
	}
	return ""
}

// act decides about the message, at once or, while a rule file asks all its
// rules, when they have all spoken.
func (m *messageObject) act(L *lua.LState, method string, d Decision) int {
	if m.session == nil {
		raise(L, KindValueError, method+": the message was parsed from text and is in no maildrop")
	}
	m.session.mustBeOpen(L, method)
	if judged := m.binding.judged; judged != nil && judged != m {
		raise(L, KindValueError, fmt.Sprintf("a rule decides about the message it is given; message %d is not that one: write a script with M:messages() for rules over several messages", m.num))
	}
	if m.trial != nil {
		m.trial.take(L, m, d)
		return 0
	}
	m.session.decide(L, method, m.num, d)
	return 0
}

// decide tells a Decider; of another session a message is marked, or not.
func (s *session) decide(L *lua.LState, method string, n int, d Decision) {
	var err error
	if decider, ok := s.conn.(Decider); ok {
		err = decider.Decide(s.context(), n, d)
	} else {
		err = s.mark(method, n, d)
	}
	if err != nil {
		s.fail(L, method, err)
	}
}

// mark is decide for a session without a plan.
func (s *session) mark(method string, n int, d Decision) error {
	switch {
	case d.Action == ActionDeliver:
		return &Error{Kind: KindPolicy, Message: method + ": this session cannot deliver; run the script with --target " + d.Target + "=KIND:PLACE"}
	case d.Action == ActionKeep && s.marked[n]:
		return &Error{Kind: KindValueError, Message: method + ": message " + strconv.Itoa(n) + " is marked already; M:rset() takes all marks back"}
	case d.Action == ActionKeep, s.marked[n]:
		return nil
	}
	err := error(nil)
	if marker, ok := s.conn.(Marker); ok {
		_, err = marker.Mark(s.context(), strconv.Itoa(n), d.Reason)
	} else {
		_, err = s.conn.Cmd(s.context(), "DELE", strconv.Itoa(n))
	}
	if err == nil {
		s.noteMark(n)
	}
	return err
}

// noteMark remembers a mark, so that a second one is no error.
func (s *session) noteMark(n int) {
	if s.marked == nil {
		s.marked = map[int]bool{}
	}
	s.marked[n] = true
}
