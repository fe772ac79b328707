package luabind_test

import (
	"context"
	"errors"
	"testing"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/luabind/luatest"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A failing session is a Lister that fails.
type failing struct{ *luatest.Maildrop }

func (failing) Messages(context.Context) ([]luabind.Listed, error) {
	return nil, errors.New("the journal is gone")
}

// A session that is no Lister is asked by LIST and UIDL, whose rows may come in
// any order, twice, or wrong.
func TestListings(t *testing.T) {
	var s luabind.Session
	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, &luabind.Grants{Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
		return luabind.AccountSession{Session: s}, nil
	}})
	err := L.DoString(`function all()
		local text = ""
		local ok, err = pcall(function()
			for msg in pop3.account():messages() do text = text .. msg.num .. ":" .. msg.size .. ":" .. msg.uidl .. " " end
		end)
		return ok and text or tostring(err)
	end`)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		session luabind.Session
		want    string
	}{
		{&canned{list: "1 10\r\n2 20\r\n", uidl: "1 a\r\n2 b\r\n"}, "1:10:a 2:20:b "},
		{&canned{list: "2 20 more\r\n1 10\r\n2 30\r\n", uidl: "2 b\r\n3 c\r\n1  a \r\n"}, "1:10:a 2:20:b "},
		{&canned{list: "1 10\r\n"}, "1:10: "},
		{&canned{}, ""},
		{&canned{list: "1\r\n"}, "error_proto: 1"},
		{&canned{list: "one 10\r\n"}, "error_proto: one 10"},
		{&canned{list: "0 10\r\n"}, "error_proto: 0 10"},
		{&canned{list: "1 -10\r\n"}, "error_proto: 1 -10"},
		{&canned{list: "1 10\r\n", uidl: "x a\r\n"}, "error_proto: x a"},
		{failing{luatest.NewMaildrop()}, "socket: the journal is gone"},
	} {
		s = c.session
		if err := L.CallByParam(lua.P{Fn: L.GetGlobal("all"), NRet: 1, Protect: true}); err != nil {
			t.Fatal(err)
		}
		if got := L.Get(-1).String(); got != c.want {
			t.Errorf("%+v: got %q, want %q", c.session, got, c.want)
		}
		L.Pop(1)
	}
}
