package pop3

import (
	"bytes"
	"container/list"
	"iter"
)

// A shelf keeps answers that arrived before they were wanted, in their order.
type shelf struct {
	order  list.List // of *entry
	index  map[key]*list.Element
	octets int64
}

// entryCost is what an entry takes beside its octets.
const entryCost = 512

func (e *entry) weight() int64 { return int64(len(e.octets)) + entryCost }

func (s *shelf) all() iter.Seq[*entry] {
	return func(yield func(*entry) bool) {
		for at := s.order.Front(); at != nil && yield(at.Value.(*entry)); at = at.Next() {
		}
	}
}

// put keeps an answer, with a copy of its octets.
func (s *shelf) put(e *entry) {
	if s.index == nil {
		s.index = map[key]*list.Element{}
	}
	if old := s.index[keyOf(e.Request)]; old != nil {
		s.remove(old)
	}
	e.octets = bytes.Clone(e.octets)
	s.index[keyOf(e.Request)] = s.order.PushBack(e)
	s.octets += e.weight()
}

// take returns the answer to r, if it is kept.
func (s *shelf) take(r Request) *entry {
	at := s.index[keyOf(r)]
	if at == nil {
		return nil
	}
	return s.remove(at)
}

func (s *shelf) remove(at *list.Element) *entry {
	e := s.order.Remove(at).(*entry)
	delete(s.index, keyOf(e.Request))
	s.octets -= e.weight()
	return e
}

// drop gives up an answer: the oldest of those whose turn is over, else the
// one whose turn is last.
func (s *shelf) drop(place int) *entry {
	if first := s.order.Front(); first.Value.(*entry).place <= place {
		return s.remove(first)
	}
	return s.remove(s.order.Back())
}

// due is how many octets are kept whose turn is to come.
func (s *shelf) due(place int) (octets int64) {
	for at := s.order.Back(); at != nil && at.Value.(*entry).place > place; at = at.Prev() {
		octets += at.Value.(*entry).weight()
	}
	return octets
}
