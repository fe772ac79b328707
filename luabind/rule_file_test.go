package luabind_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/luabind"
	"github.com/popherd/popherd/luabind/luatest"
	"github.com/popherd/popherd/pop3"
	lua "github.com/yuin/gopher-lua"
)

// loadRules runs a script and takes what it returns for a rule file.
func loadRules(t testing.TB, g *luabind.Grants, source string) (*lua.LState, *luabind.RuleFile) {
	t.Helper()
	L := lua.NewState()
	t.Cleanup(L.Close)
	binding := luabind.Preload(L, g)
	chunk, err := L.Load(strings.NewReader(source), "rules.lua")
	if err != nil {
		t.Fatal(err)
	}
	if err := L.CallByParam(lua.P{Fn: chunk, NRet: 1, Protect: true}); err != nil {
		t.Fatal(err)
	}
	file, err := binding.RuleFile(L, L.Get(-1))
	if err != nil {
		t.Fatal(err)
	}
	L.SetTop(0)
	return L, file
}

// A host can check the targets before it connects.
func TestTargets(t *testing.T) {
	_, file := loadRules(t, nil, `return {
		{ rule = rule.always(), deliver = "work" },
		{ rule = rule.always(), deliver = "archive", delete = true },
		{ rule = rule.always(), deliver = "work" },
		{ rule = function(msg) msg:deliver("other") end },
		{ rule = rule.always(), keep = true },
	}`)
	if got, want := file.Targets(), []string{"archive", "work"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// What a rule raises is told with the message and the rule, and ends it.
func TestRuleError(t *testing.T) {
	L, file := loadRules(t, nil, "return { { name = 'old', rule = function(msg)\nif msg.num == 2 then msg:deliver('') end msg:delete() end } }")
	drop := luatest.NewMaildrop("A: 1\n", "B: 2\n", "C: 3\n")
	err := file.Apply(L, context.Background(), drop, "work")
	var at *luabind.RuleError
	if !errors.As(err, &at) || at.Message != 2 || at.Rule != "old" {
		t.Fatalf("got %v, want a RuleError at message 2", err)
	}
	if e := luabind.ErrorFrom(err); e == nil || e.Kind != luabind.KindValueError || e.Where != "rules.lua:2" {
		t.Errorf("got %+v, want a ValueError at rules.lua:2", e)
	}
	if !strings.HasPrefix(err.Error(), "old: message 2: ") {
		t.Errorf("got %q", err)
	}
	if drop.Committed || len(drop.Decided) != 1 {
		t.Errorf("committed %v, decided %v", drop.Committed, drop.Decided)
	}
	if L.GetTop() != 0 {
		t.Errorf("the stack has %d values, want none", L.GetTop())
	}
}

// The script's own rule files may be applied to several sessions.
func TestApplyTwice(t *testing.T) {
	L, file := loadRules(t, nil, `local n = 0 return function(msg) n = n + 1 msg:keep("number " .. n) end`)
	for i, want := range []string{"number 1", "number 2"} {
		drop := luatest.NewMaildrop("A: 1\n")
		if err := file.Apply(L, context.Background(), drop, "work"); err != nil || drop.Decided[0].Reason != want {
			t.Errorf("%d: got %v, %v, want %s", i, drop.Decided, err, want)
		}
	}
}

// A refusing session is one that refuses decisions, or lists nothing.
type refusing struct {
	luabind.Session
	ctx  context.Context
	list error
}

func (r *refusing) Decide(ctx context.Context, n int, d luabind.Decision) error {
	r.ctx = ctx
	return fmt.Errorf("target %s: %w", d.Target, policyError{})
}

func (r *refusing) CmdText(ctx context.Context, verb string, args ...string) (*pop3.Text, error) {
	if r.list != nil {
		return nil, r.list
	}
	return r.Session.CmdText(ctx, verb, args...)
}

type contextKey struct{}

func TestApplyRefused(t *testing.T) {
	L, file := loadRules(t, nil, `return { rule = rule.always(), deliver = "x" }`)
	ctx := context.WithValue(context.Background(), contextKey{}, 1)
	r := &refusing{Session: luatest.NewMaildrop("A: 1\n")}
	err := file.Apply(L, ctx, r, "work")
	if e := luabind.ErrorFrom(err); e == nil || e.Kind != luabind.KindPolicy || !strings.Contains(e.Message, "target x") {
		t.Errorf("got %v, want kind policy", err)
	}
	if r.ctx != ctx {
		t.Error("the session did not get Apply's context")
	}
	r.list = &pop3.Error{Command: "LIST", Line: "-ERR not now"}
	err = file.Apply(L, ctx, r, "work")
	if at := (*luabind.RuleError)(nil); errors.As(err, &at) {
		t.Errorf("got %v, want no message named", err)
	}
	if e := luabind.ErrorFrom(err); e == nil || e.Message != "-ERR not now" {
		t.Errorf("got %v", err)
	}
}

// A host that ends the script ends rules in Go as well.
func TestApplyStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	g := &luabind.Grants{Context: func() context.Context { return ctx }}
	L, file := loadRules(t, g, `return { rule = rule.size("> 1G"), delete = true }`)
	cancel()
	err := file.Apply(L, context.Background(), luatest.NewMaildrop("A: 1\n"), "work")
	if e := luabind.ErrorFrom(err); e == nil || e.Kind != luabind.KindCancelled {
		t.Errorf("got %v, want kind cancelled", err)
	}
}

// Without Grants.Explain nothing is explained.
func TestNothingExplained(t *testing.T) {
	L, file := loadRules(t, nil, `return { rule = rule.always(), delete = true }`)
	drop := luatest.NewMaildrop("A: 1\n")
	if err := file.Apply(L, context.Background(), drop, "work"); err != nil || len(drop.Explained) > 0 {
		t.Errorf("got %v, %v", drop.Explained, err)
	}
}

// An explainable session counts the explanations that it gets.
type explainable struct {
	luabind.Session
	explained int
}

func (e *explainable) Explain(int, []string) { e.explained++ }

// Without Grants.Explain not one line is made for a session that could take it.
func TestExplainingCostsNothingUnasked(t *testing.T) {
	rules := `return { { rule = rule.from("nobody") + rule.size("> 1G"), delete = true }, { rule = rule.list(), keep = true } }`
	allocations := func(s luabind.Session) float64 {
		L, file := loadRules(t, nil, rules)
		return testing.AllocsPerRun(5, func() {
			if err := file.Apply(L, context.Background(), s, "work"); err != nil {
				t.Fatal(err)
			}
		})
	}
	const messages = 1000
	s := &explainable{Session: newCanned(messages)}
	plain, able := allocations(newCanned(messages)), allocations(s)
	if able > plain+messages/10 || s.explained > 0 {
		t.Errorf("got %.0f allocations and %d explanations, want %.0f and none", able, s.explained, plain)
	}
}

// On a session without a plan, rules mark by DELE.
func TestApplyPlain(t *testing.T) {
	L, file := loadRules(t, nil, `return { { rule = rule.subject("old"), delete = true }, { rule = rule.always(), keep = true } }`)
	drop := luatest.NewMaildrop("Subject: old\n", "Subject: new\n")
	if err := file.Apply(L, context.Background(), plainDrop{drop}, "work"); err != nil || !slices.Equal(drop.Deleted(), []int{1}) {
		t.Errorf("got %v, %v", drop.Deleted(), err)
	}
}

// An embedding program runs a rule file and commits.
func ExampleRuleFile_Apply() {
	L := lua.NewState()
	defer L.Close()
	binding := luabind.Preload(L, nil)
	err := L.DoString(`return {
		{ name = "boss", rule = rule.from("boss@example.org"), keep = true },
		{ name = "lists", rule = rule.list(), delete = true },
	}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	rules, err := binding.RuleFile(L, L.Get(-1))
	if err != nil || rules == nil {
		fmt.Println("no rule file", err)
		return
	}
	session := luatest.NewMaildrop("From: boss@example.org\nList-Id: <all>\n\n", "List-Id: <news.example.org>\n\n")
	if err := rules.Apply(L, context.Background(), session, "work"); err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range session.Decided {
		fmt.Println(d.Message, d.Action, d.Rule, d.Evidence)
	}
	session.Quit(context.Background())
	// Output:
	// 1 keep boss from "boss@example.org"
	// 2 delete lists list "news.example.org"
}
