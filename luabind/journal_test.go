package luabind_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/luabind/luatest"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A journaling session lists what it is given.
type journaling struct {
	*luatest.Maildrop
	all       []luabind.Listed
	journaled bool
}

func (j *journaling) Messages(context.Context) ([]luabind.Listed, error) { return j.all, nil }
func (j *journaling) Journaled() bool                                    { return j.journaled }

// A keeping session says that it has a journal, and lists nothing.
type keeping struct{ luabind.Session }

func (keeping) Journaled() bool { return true }

// What scripts see of a journal is what the host lists, and nothing where the
// session has none.
func TestJournaled(t *testing.T) {
	var s luabind.Session
	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, &luabind.Grants{Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
		return luabind.AccountSession{Session: s}, nil
	}})
	err := L.DoString(`function all()
		local M, text = pop3.account(), ""
		for msg in M:messages() do
			text = text .. msg.num .. "=" .. tostring(msg.first_seen) .. "," .. tostring(M:message(msg.num).first_seen) .. " "
		end
		local ok, new = pcall(M.messages, M, {new=true})
		if not ok then return text .. new.kind end
		for msg in new do text = text .. "new " .. msg.num end
		return text
	end`)
	if err != nil {
		t.Fatal(err)
	}
	drop := luatest.NewMaildrop("A: 1\n", "B: 2\n", "C: 3\n")
	all := []luabind.Listed{{Number: 1, FirstSeen: time.Unix(50, 0)}, {Number: 2, New: true}, {Number: 3, FirstSeen: time.Unix(-1, 5e8)}}
	for _, c := range []struct {
		name    string
		session luabind.Session
		want    string
	}{
		{"journal", &journaling{drop, all, true}, "1=50,50 2=nil,nil 3=-1,-1 new 2"},
		{"none", &journaling{drop, all, false}, "1=nil,nil 2=nil,nil 3=nil,nil ValueError"},
		{"no lister", keeping{drop}, "1=nil,nil 2=nil,nil 3=nil,nil ValueError"},
		{"a client", plainDrop{drop}, "1=nil,nil 2=nil,nil 3=nil,nil ValueError"},
	} {
		s = c.session
		if err := L.CallByParam(lua.P{Fn: L.GetGlobal("all"), NRet: 1, Protect: true}); err != nil {
			t.Fatal(err)
		}
		if got := L.Get(-1).String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		L.Pop(1)
	}
}

// stateContext is a store that looks at the context and the moments it gets.
type stateContext struct {
	luabind.Values
	ctx     context.Context
	expires time.Time
}

func (s *stateContext) Set(ctx context.Context, _ string, _ *string, expires time.Time) error {
	s.ctx, s.expires = ctx, expires
	return ctx.Err()
}

// Calls have the host's context, clock, and folder.
func TestStateAndSaveOfTheHost(t *testing.T) {
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), contextKey{}, 1))
	store := &stateContext{}
	var saved []string
	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, &luabind.Grants{
		Context: func() context.Context { return ctx },
		Now:     func() time.Time { return time.Unix(100, 0) },
		State:   func() (luabind.Values, error) { return store, nil },
		Save: func(c context.Context, target, suggested string, octets []byte) (string, error) {
			if c != ctx {
				t.Error("Save did not get the host's context")
			}
			saved = append(saved, target, suggested, string(octets))
			return suggested + ".1", nil
		},
	})
	err := L.DoString(`state.set("k", 1, 2.5)
		local part = mail.parse("Content-Type: x/y; name=../n\n\nZ"):attachments()[1]
		assert(part:save("dir") == "n.1")`)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.UnixMilli(102_500); store.ctx != ctx || !store.expires.Equal(want) {
		t.Errorf("got expiry %v, want %v, with the host's context", store.expires, want)
	}
	if len(saved) != 3 || saved[0] != "dir" || saved[1] != "n" || saved[2] != "Z" {
		t.Errorf("saved %q", saved)
	}
	for _, name := range []string{"..", ".", "/", "a/..", "\\", "a\x00b", "C:x"} {
		saved = nil
		L.SetGlobal("name", lua.LString(name))
		if err := L.DoString(`mail.parse('Content-Type: x/y; name="' .. name .. '"\n\nZ'):parts()[1]:save("dir")`); err != nil {
			t.Fatal(err)
		}
		if strings.Trim(saved[1], ".") == "" || strings.ContainsAny(saved[1], "/\\\x00") {
			t.Errorf("%q is saved as %q", name, saved[1])
		}
	}
	cancel()
	e := luabind.ErrorFrom(L.DoString(`state.set("k", 1)`))
	if e == nil || e.Kind != luabind.KindCancelled || !e.Fatal {
		t.Errorf("got %v, want kind cancelled", e)
	}
}
