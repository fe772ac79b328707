package luabind

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// This file is what a journal remembers of messages.

// journaled reports whether the session has a journal.
func (s *session) journaled() bool {
	_, lists := s.conn.(Lister)
	journal, ok := s.conn.(Journaled)
	return lists && ok && journal.Journaled()
}

// seen is when the message was listed first.
func (l *Listed) seen() moment {
	if l.FirstSeen.IsZero() {
		return moment{}
	}
	return moment{l.FirstSeen.Unix(), true}
}

// firstSeen is when the message was listed first, if anybody remembers.
func (m *messageObject) firstSeen(L *lua.LState, call string) moment {
	if !m.told && m.session != nil && m.session.journaled() {
		m.seen = m.session.lookUp(L, call, m.num)
	}
	m.told = true
	return m.seen
}

// lookUp finds one message among those of the journal.
func (s *session) lookUp(L *lua.LState, call string, num int) moment {
	l := listed(s.listed, num)
	if l == nil {
		s.mustBeOpen(L, call)
		l = s.known(L, call, num)
	}
	if l == nil {
		raise(L, KindValueError, fmt.Sprintf("%s: message %d is marked, and no listing has it any more", call, num))
	}
	return l.seen()
}

// listed is the message of that number, or nil.
func listed(all []Listed, num int) *Listed {
	if at := below(all, num); at < len(all) && all[at].Number == num {
		return &all[at]
	}
	return nil
}

// sinceSeen is how many seconds ago the message was first seen, which must be
// known.
func (m *messageObject) sinceSeen(L *lua.LState, call string) float64 {
	return float64(m.binding.grants.now().Unix() - m.firstSeen(L, call).seconds)
}
