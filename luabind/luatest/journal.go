package luatest

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/popherd/popherd/luabind"
	lua "github.com/yuin/gopher-lua"
)

// This file is what a Maildrop has of a journal, in memory.

// Journaled implements luabind.Journaled.
func (m *Maildrop) Journaled() bool { return m.Seen != nil }

// Messages implements luabind.Lister. What is new is first seen now.
func (m *Maildrop) Messages(context.Context) ([]luabind.Listed, error) {
	m.Commands = append(m.Commands, "LIST", "UIDL")
	var all []luabind.Listed
	for i, text := range m.messages {
		n := i + 1
		if m.marked(n) {
			continue
		}
		l := luabind.Listed{Number: n, UniqueID: m.uniqueID(n), Octets: int64(len(text))}
		if m.Seen != nil {
			seen, ok := m.Seen[n]
			l.New, l.FirstSeen = !ok, seen
			if l.New {
				l.FirstSeen = m.now()
			}
		}
		all = append(all, l)
	}
	return all, nil
}

// now is the maildrop's clock.
func (m *Maildrop) now() time.Time {
	if m.Now == nil {
		return time.Now()
	}
	return m.Now()
}

// Save takes attachments, for luabind.Grants.
func (m *Maildrop) Save(_ context.Context, target, suggested string, octets []byte) (string, error) {
	m.Saved = append(m.Saved, Saved{target, suggested, bytes.Clone(octets)})
	return suggested, nil
}

// State returns the values that scripts keep, for luabind.Grants. What is set
// lasts after QUIT alone: Close takes it back.
func (m *Maildrop) State() (luabind.Values, error) {
	m.values.now = m.now
	return &m.values, nil
}

// remember sets values of earlier runs, by the script's own state.set.
func (m *Maildrop) remember(L *lua.LState, values *lua.LTable) (err error) {
	if values == nil {
		return nil
	}
	set := L.GetField(L.GetGlobal("state"), "set")
	values.ForEach(func(name, value lua.LValue) {
		if err == nil {
			err = L.CallByParam(lua.P{Fn: set, Protect: true}, name, value)
		}
	})
	m.values.commit()
	return err
}

// stateTable is the values that last, as state.get gives them.
func (m *Maildrop) stateTable(L *lua.LState) *lua.LTable {
	own := lua.NewState()
	defer own.Close()
	luabind.Preload(own, &luabind.Grants{State: m.State})
	get, table := own.GetField(own.GetGlobal("state"), "get"), L.NewTable()
	for _, name := range m.values.names() {
		own.Push(get)
		own.Push(lua.LString(name))
		own.Call(1, 1)
		table.RawSetString(name, own.Get(-1))
		own.Pop(1)
	}
	return table
}

// A memory keeps values, and apart from them what is not committed yet.
type memory struct {
	now     func() time.Time
	lasting map[string]kept
	current map[string]kept // nil if nothing was set
	dry     bool            // nothing more lasts
}

// kept is a value. The zero time is never.
type kept struct {
	text    string
	expires time.Time
}

// commit makes what was set last.
func (m *memory) commit() {
	if m.current != nil && !m.dry {
		m.lasting, m.current = m.current, nil
	}
}

// abort takes back what was set.
func (m *memory) abort() { m.current = nil }

// names are those of the values that are there, sorted.
func (m *memory) names() []string {
	return slices.Sorted(maps.Keys(m.read()))
}

// read is what a script sees.
func (m *memory) read() map[string]kept {
	if m.current != nil {
		return m.current
	}
	return m.lasting
}

// write is where a script sets.
func (m *memory) write() map[string]kept {
	if m.current == nil {
		m.current = map[string]kept{}
		maps.Copy(m.current, m.lasting)
	}
	return m.current
}

// find is a value that has not expired.
func (m *memory) find(name string) (kept, bool) {
	v, ok := m.read()[name]
	return v, ok && (v.expires.IsZero() || v.expires.After(m.now()))
}

// Get implements luabind.Values.
func (m *memory) Get(_ context.Context, name string) (string, bool, error) {
	v, ok := m.find(name)
	return v.text, ok, nil
}

// Set implements luabind.Values.
func (m *memory) Set(_ context.Context, name string, value *string, expires time.Time) error {
	if value == nil {
		delete(m.write(), name)
		return nil
	}
	m.write()[name] = kept{*value, expires}
	return nil
}

// Incr implements luabind.Values. The module state asks for no sum beyond 2^53.
func (m *memory) Incr(_ context.Context, name string, by int64) (int64, error) {
	v, ok := m.find(name)
	if !ok {
		v = kept{text: "0"}
	}
	sum, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil {
		return 0, err
	}
	v.text = strconv.FormatInt(sum+by, 10)
	m.write()[name] = v
	return sum + by, nil
}

// Expire implements luabind.Values.
func (m *memory) Expire(_ context.Context, name string, at time.Time) (bool, error) {
	v, ok := m.find(name)
	if ok {
		v.expires = at
		m.write()[name] = v
	}
	return ok, nil
}
