package luabind_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/luabind/luatest"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// A refusingDrop refuses to give some messages.
type refusingDrop struct {
	*luatest.Maildrop
	top, retr map[int]pop3.ResponseCode // of the refusals; "" is one without a code
	noCapa    bool
}

func (r *refusingDrop) Capabilities(ctx context.Context) (pop3.Capabilities, error) {
	if r.noCapa {
		return nil, &pop3.Error{Command: "CAPA", Line: "-ERR unknown command"}
	}
	return r.Maildrop.Capabilities(ctx)
}

func (r *refusingDrop) Read(ctx context.Context, n, lines int) (*pop3.Text, error) {
	codes := r.top
	if lines == pop3.Whole {
		codes = r.retr
	}
	text, err := r.Maildrop.Read(ctx, n, lines)
	if code, ok := codes[n]; ok {
		return nil, &pop3.Error{Code: code, Line: "-ERR cannot open it"}
	}
	return text, err
}

func (r *refusingDrop) Decide(ctx context.Context, n int, d luabind.Decision) error {
	if d.Target == "nowhere" {
		return policyError{}
	}
	return r.Maildrop.Decide(ctx, n, d)
}

func decided(m *luatest.Maildrop) string {
	var all []string
	for _, d := range m.Decided {
		all = append(all, strings.TrimSpace(string(rune('0'+d.Message))+" "+d.Action+" "+d.Target))
	}
	return strings.Join(all, ", ")
}

// A message that the server refuses is kept, and the others are judged.
func TestUnread(t *testing.T) {
	for _, match := range []string{"first", "all"} {
		L, file := loadRules(t, &luabind.Grants{Explain: true}, `return { match = "`+match+`", { name = "old", rule = rule.subject("old"), delete = true }, { rule = rule.re("text", "x"), delete = true } }`)
		drop := &refusingDrop{Maildrop: luatest.NewMaildrop("Subject: old\n", "Subject: old\n", "A: 1\n\nx\n", "Subject: old\n"), top: map[int]pop3.ResponseCode{2: ""}, retr: map[int]pop3.ResponseCode{3: ""}}
		err := file.Apply(L, context.Background(), drop, "work")
		var unread *luabind.UnreadError
		if !errors.As(err, &unread) || unread.Count != 2 || unread.First != 2 || unread.Kind() != "error_proto" {
			t.Fatalf("%s: got %v, want two messages unread", match, err)
		}
		if got, want := err.Error(), "2 messages could not be read and are kept; the first is message 2: -ERR cannot open it"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if got, want := decided(drop.Maildrop), "1 delete, 2 keep, 3 keep, 4 delete"; got != want {
			t.Errorf("%s: got %s, want %s", match, got, want)
		}
		want := "could not be read: -ERR cannot open it"
		if got := drop.Decided[1].Reason; got != want || !slices.Equal(drop.Explained[2], []string{want}) {
			t.Errorf("got reason %q, explained %q", got, drop.Explained[2])
		}
	}
}

// What else raises ends the rule file: the script's own calls, and the like.
func TestUnreadIsOnlyTheJudged(t *testing.T) {
	for _, source := range []string{
		`return function(msg) error("own") end`,
		`return function(msg) pop3.account():top(1, 0) end`,
		`local kept return function(msg) if kept then kept:text() end kept = msg end`,
	} {
		drop := &refusingDrop{Maildrop: luatest.NewMaildrop("A: 1\n", "B: 2\n"), retr: map[int]pop3.ResponseCode{1: ""}}
		g := &luabind.Grants{Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
			return luabind.AccountSession{Session: &fake{err: &pop3.Error{Line: "-ERR no"}}}, nil
		}}
		L, file := loadRules(t, g, source)
		err := file.Apply(L, context.Background(), drop, "work")
		if at := (*luabind.RuleError)(nil); !errors.As(err, &at) || len(drop.Decided) > 0 {
			t.Errorf("%s: got %v, decided %v, want a RuleError", source, err, drop.Decided)
		}
	}
}

// A rule decides about the message that it is given, and about no other.
func TestDecidesAboutAnother(t *testing.T) {
	for _, match := range []string{"first", "all"} {
		L, file := loadRules(t, nil, `local kept return { match = "`+match+`", { rule = function(msg)
			if kept then kept:delete() end
			kept = msg
		end } }`)
		drop := luatest.NewMaildrop("A: 1\n", "B: 2\n")
		err := file.Apply(L, context.Background(), drop, "work")
		e := luabind.ErrorFrom(err)
		if e == nil || e.Kind != luabind.KindValueError || !strings.Contains(e.Message, "message 1 is not that one: write a script with M:messages()") || len(drop.Decided) > 0 {
			t.Errorf("%s: got %v, decided %v", match, err, drop.Decided)
		}
	}
}

// A decision that was refused, and caught, decides nothing.
func TestRefusedDecision(t *testing.T) {
	L, file := loadRules(t, nil, `return {
		{ rule = function(msg) pcall(msg.deliver, msg, "nowhere") end },
		{ rule = rule.always(), keep = true } }`)
	drop := &refusingDrop{Maildrop: luatest.NewMaildrop("A: 1\n")}
	if err := file.Apply(L, context.Background(), drop, "work"); err != nil || decided(drop.Maildrop) != "1 keep" {
		t.Errorf("got %v, %s, want 1 keep", err, decided(drop.Maildrop))
	}
}

// One refused TOP does not make a session retrieve everything.
func TestTopRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		noCapa bool
		top    map[int]pop3.ResponseCode
		want   string
		unread int
	}{
		{"listed by CAPA", false, map[int]pop3.ResponseCode{1: "", 2: ""}, "TOP 1 0, TOP 2 0, TOP 3 0", 2},
		{"for now", true, map[int]pop3.ResponseCode{1: pop3.CodeSysTemp}, "TOP 1 0, TOP 2 0, TOP 3 0", 1},
		{"one", true, map[int]pop3.ResponseCode{1: ""}, "TOP 1 0, RETR 1, TOP 2 0, TOP 3 0", 0},
		{"all", true, map[int]pop3.ResponseCode{1: "", 2: "", 3: ""}, "TOP 1 0, RETR 1, TOP 2 0, RETR 2, RETR 3", 0},
	} {
		drop := &refusingDrop{Maildrop: luatest.NewMaildrop("A: 1\n", "B: 2\n", "C: 3\n"), top: c.top, noCapa: c.noCapa}
		L, file := loadRules(t, nil, `return { rule = rule.subject("x"), delete = true }`)
		err := file.Apply(L, context.Background(), drop, "work")
		var unread *luabind.UnreadError
		if errors.As(err, &unread) != (c.unread > 0) || unread != nil && unread.Count != c.unread || err != nil && unread == nil {
			t.Errorf("%s: got %v, want %d unread", c.name, err, c.unread)
		}
		commands := slices.DeleteFunc(drop.Commands, func(s string) bool { return s == "LIST" || s == "UIDL" })
		if got := strings.Join(commands, ", "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// An answering session has one answer for LIST and one for UIDL.
type answering struct {
	*fake
	list, uidl string
}

func (a answering) Cmd(_ context.Context, verb string, _ ...string) (string, error) {
	if verb == "LIST" {
		return a.list, nil
	}
	return a.uidl, nil
}

// A message does not take another's size or unique-id.
func TestMessageAnswers(t *testing.T) {
	for _, c := range []struct{ list, uidl, want string }{
		{"+OK 3 612", "+OK 3 a b", "612 a b"},
		{"+OK 3 612 octets", "+OK 3", "612 "},
		{"+OK 4 612", "+OK 3 a", "error_proto"},
		{"+OK 3", "+OK 3 a", "error_proto"},
		{"+OK 3 -1", "+OK 3 a", "error_proto"},
		{"+OK 3 many", "+OK 3 a", "error_proto"},
		{"+OK 3 612", "+OK 4 a", "error_proto"},
	} {
		L := lua.NewState()
		defer L.Close()
		luabind.Preload(L, &luabind.Grants{Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
			return luabind.AccountSession{Session: answering{&fake{}, c.list, c.uidl}}, nil
		}})
		err := L.DoString(`local M = pop3.account() local ok, msg = pcall(M.message, M, 3) got = ok and msg.size .. " " .. msg.uidl or msg.kind`)
		if got := L.GetGlobal("got").String(); err != nil || got != c.want {
			t.Errorf("%q %q: got %q, %v, want %q", c.list, c.uidl, got, err, c.want)
		}
	}
	drop := luatest.NewMaildrop("A: 1\n", "B: 2\n", "C: 3\n")
	listing := &journaling{drop, []luabind.Listed{{Number: 3, UniqueID: "id", Octets: 612}}, false}
	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, &luabind.Grants{Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
		return luabind.AccountSession{Session: listing}, nil
	}})
	if err := L.DoString(`local msg = pop3.account():message(3) got = msg.size .. " " .. msg.uidl`); err != nil || L.GetGlobal("got").String() != "612 id" {
		t.Errorf("got %v, %v, want what the Lister says", L.GetGlobal("got"), err)
	}
}

func TestDenials(t *testing.T) {
	for _, text := range []string{`delete = "no"`, `delete = " False "`, `delete = "never"`, `keep = "no"`} {
		L := lua.NewState()
		defer L.Close()
		binding := luabind.Preload(L, nil)
		if err := L.DoString(`return { rule = rule.always(), ` + text + ` }`); err != nil {
			t.Fatal(err)
		}
		if _, err := binding.RuleFile(L, L.Get(-1)); luabind.ErrorFrom(err) == nil || !strings.Contains(luabind.ErrorFrom(err).Message, "must be true or a reason") {
			t.Errorf("%s: got %v, want it refused", text, err)
		}
	}
}

// msg:raw() has every octet, and other methods read nothing again.
func TestRaw(t *testing.T) {
	long := "Subject: long\r\n\r\n" + strings.Repeat("0123456789abcdef\r\n", 200_000)
	drop := luatest.NewMaildrop(long, "Subject: short\n\nx\n")
	L := lua.NewState()
	defer L.Close()
	luabind.Preload(L, &luabind.Grants{Account: func(context.Context, string, func(pop3.TraceEvent)) (luabind.AccountSession, error) {
		return luabind.AccountSession{Session: drop}, nil
	}})
	err := L.DoString(`got = "" for msg in pop3.account():messages() do
		local raw = msg:raw()
		if msg.num == 1 then long = raw end
		got = got .. #raw .. msg.subject .. #msg:text() .. tostring(raw == msg:raw()) .. " "
	end`)
	if got, want := L.GetGlobal("got").String(), "3600017long3400000true 21short2true "; err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if L.GetGlobal("long").String() != long {
		t.Error("the text is not what was sent")
	}
	if got := strings.Join(drop.Commands, " "); got != "LIST UIDL RETR 1 RETR 2" {
		t.Errorf("got %s", got)
	}
}

// The text of a long predicate is cut, and made once.
func TestLongPredicate(t *testing.T) {
	L, file := loadRules(t, &luabind.Grants{Explain: true}, `local all = {}
		for i = 1, 3000 do all[i] = "somebody" .. i .. "@example.org" end
		p = rule.from(all)
		text = tostring(p)
		return { { rule = -p, delete = true } }`)
	if n := len(L.GetGlobal("text").String()); n < 60_000 || n > 66_000 {
		t.Errorf("got a text of %d octets, want about 64 KiB", n)
	}
	drop := luatest.NewMaildrop("From: x@y.example\n")
	if err := file.Apply(L, context.Background(), drop, "work"); err != nil {
		t.Fatal(err)
	}
	if n := len(drop.Decided[0].Evidence); n < 400 || n > 600 {
		t.Errorf("got an evidence of %d octets: %q", n, drop.Decided[0].Evidence)
	}
	if n := len(drop.Explained[1][1]); n > 700 {
		t.Errorf("got a line of %d octets", n)
	}
}
