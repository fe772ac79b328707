package luabind

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/popherd/popherd/pop3"
)

// sessionMessages is M:messages{new=, from=, to=, order=, body=}, for the for loop.
func sessionMessages(L *lua.LState, s *session, method string) int {
	a := positional{L, method}.named(2, "new", "from", "to", "order", "body")
	isNew := a.flag("new")
	if isNew && !s.journaled() {
		a.refuse("new=true needs a journal, and this session has none; run the script with --state-dir DIR")
	}
	order := a.text("order")
	if names := []string{"oldest", "newest"}; order != "" && !slices.Contains(names, order) {
		raise(L, KindValueError, unknownName(method, "order", order, names)+`; the order is "oldest" first or "newest" first`)
	}
	from, to, body := a.bound("from"), a.bound("to"), a.flag("body")
	all := s.list(L, method)
	if isNew {
		all = slices.DeleteFunc(all, func(l Listed) bool { return !l.New })
	}
	all = within(all, from, to)
	if order == "newest" {
		slices.Reverse(all)
	}
	L.Push(s.each(L, all, body))
	return 1
}

// flag returns a named argument, true or false.
func (a arguments) flag(name string) bool {
	v := a.get(name)
	if v != lua.LNil && v.Type() != lua.LTBool {
		a.refuse("%s must be true or false, got %s", name, describe(v))
	}
	return v == lua.LTrue
}

// bound returns a named argument, a message-number or, negative, a place from
// the end; 0 if it was not given.
func (a arguments) bound(name string) int {
	v := a.get(name)
	n, ok := integer(v)
	if v != lua.LNil && (!ok || n == 0) {
		a.refuse("%s must be a message number, or negative to count from the end, got %s", name, describe(v))
	}
	return n
}

// within returns the messages from one number to another, both included.
func within(all []Listed, from, to int) []Listed {
	number := func(n, beyond int) int {
		if place := len(all) + n; n < 0 && place >= 0 {
			return all[place].Number
		} else if n < 0 {
			return beyond
		}
		return n
	}
	first, last := number(from, 0), number(to, -1)
	if to == 0 {
		return all[below(all, first):]
	}
	return all[below(all, first):max(below(all, first), below(all, last+1))]
}

// below is how many messages have a smaller number.
func below(all []Listed, num int) int {
	at, _ := slices.BinarySearchFunc(all, num, func(l Listed, num int) int { return cmp.Compare(l.Number, num) })
	return at
}

// each is the iterator over messages.
func (s *session) each(L *lua.LState, all []Listed, body bool) *lua.LFunction {
	next := s.iterate(all, body)
	return s.binding.function(L, func(L *lua.LState) int {
		m := next(L)
		if m == nil {
			L.Push(lua.LNil)
			return 1
		}
		L.Push(&m.object)
		return 1
	})
}

// iterate returns a function that returns one message after the other.
func (s *session) iterate(all []Listed, body bool) func(L *lua.LState) *messageObject {
	a := &ahead{numbers: make([]int, len(all))}
	for i := range all {
		a.numbers[i] = all[i].Number
	}
	if body {
		a.lines = pop3.Whole
	}
	place, journaled := -1, s.journaled()
	return func(L *lua.LState) *messageObject {
		if place++; place >= len(all) {
			return nil
		}
		l := &all[place]
		m := s.binding.newMessage(L, l.Number, l.UniqueID, l.Octets)
		m.session, m.ahead, m.place = s, a, place
		if journaled {
			m.seen, m.told = l.seen(), true
		}
		return m
	}
}

// list returns all messages that are not marked, by number: from a Lister, or by
// LIST and UIDL.
func (s *session) list(L *lua.LState, method string) []Listed {
	if lister, ok := s.conn.(Lister); ok {
		all, err := lister.Messages(s.context())
		if err != nil {
			s.fail(L, method, err)
		}
		return slices.Clone(all)
	}
	var all []Listed
	err := s.rows("LIST", func(row string) error {
		fields := strings.Fields(row)
		if len(fields) < 2 {
			return errors.New("has no message-number and size")
		}
		n, err1 := strconv.ParseUint(fields[0], 10, 31)
		size, err2 := strconv.ParseUint(fields[1], 10, 62)
		if err1 != nil || err2 != nil || n == 0 {
			return errors.New("has no numeric message-number and size")
		}
		all = append(all, Listed{Number: int(n), Octets: int64(size)})
		return nil
	})
	if err != nil {
		s.fail(L, method, err)
	}
	slices.SortStableFunc(all, func(a, b Listed) int { return cmp.Compare(a.Number, b.Number) })
	all = slices.CompactFunc(all, func(a, b Listed) bool { return a.Number == b.Number })
	s.listIDs(L, method, all)
	return all
}

// listIDs fills in the unique-ids, which not every server has.
func (s *session) listIDs(L *lua.LState, method string, all []Listed) {
	err := s.rows("UIDL", func(row string) error {
		number, id, _ := strings.Cut(row, " ")
		n, err := strconv.ParseUint(number, 10, 31)
		if err != nil {
			return errors.New("has no message-number")
		}
		if l := listed(all, int(n)); l != nil {
			l.UniqueID = strings.Trim(id, " ")
		}
		return nil
	})
	if refused := (*pop3.Error)(nil); err != nil && !errors.As(err, &refused) {
		s.fail(L, method, err)
	}
}

// rows gives each row of a listing to add, which says what is wrong with it.
func (s *session) rows(verb string, add func(row string) error) error {
	octets, err := s.read(verb)
	if err != nil {
		return err
	}
	for row := range strings.Lines(string(octets)) {
		row = strings.TrimRight(row, "\r\n")
		if err := add(row); err != nil {
			return &pop3.ProtocolError{Command: verb, Line: cut(row, maxReason), Reason: "a row " + err.Error()}
		}
	}
	return nil
}

// sessionMessage is M:message(n).
func sessionMessage(L *lua.LState, s *session, method string) int {
	n, ok := integer(L.Get(2))
	if !ok || n < 1 {
		raise(L, KindValueError, fmt.Sprintf("%s: message number must be a positive integer, got %s", method, describe(L.Get(2))))
	}
	l := s.listOne(L, method, n)
	m := s.binding.newMessage(L, n, l.UniqueID, l.Octets)
	m.session = s
	if s.journaled() {
		m.seen, m.told = l.seen(), true
	}
	L.Push(&m.object)
	return 1
}

// listOne asks for the listing of one message. A Lister knows it; its LIST only
// says whether the message is marked.
func (s *session) listOne(L *lua.LState, method string, n int) Listed {
	line, err := s.conn.Cmd(s.context(), "LIST", strconv.Itoa(n))
	if err != nil {
		s.fail(L, method, err)
	}
	if _, ok := s.conn.(Lister); ok {
		if l := s.known(L, method, n); l != nil {
			return *l
		}
	}
	fields := strings.Fields(line) // "+OK 3 612"
	size, err := uint64(0), error(nil)
	if len(fields) > 2 {
		size, err = strconv.ParseUint(fields[2], 10, 62)
	}
	if len(fields) < 3 || fields[1] != strconv.Itoa(n) || err != nil {
		s.fail(L, method, &pop3.ProtocolError{Command: "LIST", Line: cut(line, maxReason), Reason: fmt.Sprintf("the answer is not the size of message %d", n)})
	}
	return Listed{Number: n, UniqueID: s.listID(L, method, n), Octets: int64(size)}
}

// known finds a message in the session's listing. The whole listing is kept,
// since a script that asks for one asks for others.
func (s *session) known(L *lua.LState, method string, n int) *Listed {
	if l := listed(s.listed, n); l != nil {
		return l
	}
	s.listed = s.list(L, method)
	return listed(s.listed, n)
}

// listID asks for the unique-id of one message; "" where there are none.
func (s *session) listID(L *lua.LState, method string, n int) string {
	line, err := s.conn.Cmd(s.context(), "UIDL", strconv.Itoa(n))
	if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
		return ""
	} else if err != nil {
		s.fail(L, method, err)
	}
	fields := strings.Fields(line) // "+OK 3 id"
	if len(fields) < 2 || fields[1] != strconv.Itoa(n) {
		s.fail(L, method, &pop3.ProtocolError{Command: "UIDL", Line: cut(line, maxReason), Reason: fmt.Sprintf("the answer is not the unique-id of message %d", n)})
	}
	_, id, _ := strings.Cut(line, fields[1])
	return strings.Trim(id, " ")
}

// sessionReadAhead is M:read_ahead(allowed). A session that guesses nothing
// has nothing to be allowed.
func sessionReadAhead(L *lua.LState, s *session, method string) int {
	allowed := L.Get(2)
	if allowed.Type() != lua.LTBool {
		raise(L, KindValueError, method+": wants true or false, got "+describe(allowed))
	}
	if conn, ok := s.conn.(ReadAheader); ok {
		conn.AllowReadAhead(allowed == lua.LTrue)
	}
	return 0
}
