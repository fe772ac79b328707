package plan_test

import (
	"errors"
	"testing"

	"github.com/popherd/popherd/internal/plan"
)

func TestAPlanEndsOnce(t *testing.T) {
	ends := map[plan.Outcome]func(*plan.Plan) error{
		plan.Committed: (*plan.Plan).Commit,
		plan.Aborted:   func(p *plan.Plan) error { return p.Abort("the script raised") },
		plan.Unknown:   func(p *plan.Plan) error { return p.Lose("timeout") },
	}
	why := map[plan.Outcome]string{plan.Aborted: "the script raised", plan.Unknown: "timeout"}
	for first, end := range ends {
		for second, endAgain := range ends {
			p := demo(t)
			must(t, end(p))
			err := endAgain(p)
			if first == second && err != nil {
				t.Errorf("%v again: %v", first, err)
			}
			if first != second && !errors.Is(err, plan.ErrEnded) {
				t.Errorf("%v, then %v: got %v, want ErrEnded", first, second, err)
			}
			if p.Outcome() != first || p.Why() != why[first] {
				t.Errorf("%v, then %v: got %v (%s), want the first to stay", first, second, p.Outcome(), p.Why())
			}
		}
	}
}

func TestFirstReasonStays(t *testing.T) {
	p := demo(t)
	must(t, p.Abort("limit"))
	must(t, p.Abort("closing"))
	if got := p.Why(); got != "limit" {
		t.Errorf("got %q, want limit", got)
	}
	if err := p.Commit(); err == nil || err.Error() != "plan has ended: aborted, not committed" {
		t.Errorf("got %v, want: plan has ended: aborted, not committed", err)
	}
}

func TestAnEndedPlanIsFixed(t *testing.T) {
	p := demo(t)
	must(t, p.Mark(1, "old"))
	must(t, p.Commit())
	for name, err := range map[string]error{"mark": p.Mark(2, ""), "decide": p.Decide(1, plan.Decision{}), "reset": p.Reset()} {
		if !errors.Is(err, plan.ErrEnded) {
			t.Errorf("%s: got %v, want ErrEnded", name, err)
		}
	}
	if got := p.Marks(); len(got) != 1 || got[0] != 1 {
		t.Errorf("marks: got %v, want [1]", got)
	}
}

func TestOutcomeStrings(t *testing.T) {
	for o, want := range map[plan.Outcome]string{
		plan.Planned: "planned", plan.Committed: "committed", plan.Aborted: "aborted",
		plan.Unknown: "unknown", 9: "outcome 9",
	} {
		if got := o.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
