package plan_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/plan"
)

// demo is a maildrop of three messages in which the server hides number 3.
func demo(t testing.TB) *plan.Plan {
	t.Helper()
	p, err := plan.New([]plan.Message{
		{Number: 4, UniqueID: "d", Octets: 611},
		{Number: 1, UniqueID: "a", Octets: 612},
		{Number: 2, UniqueID: "b", Octets: 2987},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func wantStat(t *testing.T, p *plan.Plan, count int, octets int64) {
	t.Helper()
	if c, o := p.Stat(); c != count || o != octets {
		t.Errorf("stat: got %d messages, %d octets, want %d, %d", c, o, count, octets)
	}
}

func numbers(p *plan.Plan) []int {
	var all []int
	for m := range p.Visible() {
		all = append(all, m.Number)
	}
	return all
}

func TestMarkHidesAMessage(t *testing.T) {
	p := demo(t)
	wantStat(t, p, 3, 4210)

	if err := p.Mark(2, "newsletter"); err != nil {
		t.Fatal(err)
	}
	wantStat(t, p, 2, 1223)
	if got, want := numbers(p), []int{1, 4}; !slices.Equal(got, want) {
		t.Errorf("visible: got %v, want %v", got, want)
	}
	if got, want := p.Marks(), []int{2}; !slices.Equal(got, want) {
		t.Errorf("marks: got %v, want %v", got, want)
	}
	if !p.Marked(2) || p.Marked(1) || p.Marked(3) {
		t.Errorf("marked 1, 2, 3: got %v, %v, %v, want only 2", p.Marked(1), p.Marked(2), p.Marked(3))
	}
	if p.Len() != 3 || p.Octets() != 4210 {
		t.Errorf("in all: got %d messages, %d octets, want 3, 4210", p.Len(), p.Octets())
	}
	if got, want := p.Summary(), (plan.Summary{Delete: 1, Keep: 2}); got != want {
		t.Errorf("summary: got %+v, want %+v", got, want)
	}
}

func TestRefusedMarksReadLikeAServer(t *testing.T) {
	p := demo(t)
	if err := p.Mark(1, ""); err != nil {
		t.Fatal(err)
	}
	for number, want := range map[int]string{
		1:           "-ERR message already deleted",
		0:           "-ERR no such message",
		-1:          "-ERR no such message",
		3:           "-ERR no such message",
		5:           "-ERR no such message",
		math.MinInt: "-ERR no such message",
		math.MaxInt: "-ERR no such message",
	} {
		if err := p.Mark(number, ""); err == nil || "-ERR "+err.Error() != want {
			t.Errorf("mark %d: got %v, want %s", number, err, want)
		}
	}
	wantStat(t, p, 2, 3598)
}

func TestRowsExplainThemselves(t *testing.T) {
	p := demo(t)
	must(t, p.Mark(1, "too old"))
	must(t, p.Mark(2, "newsletter"))
	must(t, p.Decide(2, plan.Decision{Reason: "server: [SYS/TEMP] try later"}))

	var got []string
	for m, d := range p.All() {
		got = append(got, strings.Join([]string{m.UniqueID, d.String(), d.Reason}, "|"))
	}
	want := []string{
		"a|delete|too old",
		"b|keep|server: [SYS/TEMP] try later",
		"d|keep|no rule spoke",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	wantStat(t, p, 2, 3598)
	if err := p.Decide(3, plan.Decision{}); !errors.Is(err, plan.ErrNoMessage) {
		t.Errorf("message 3: got %v, want ErrNoMessage", err)
	}
}

func TestMarkWhileIterating(t *testing.T) {
	p := demo(t)
	for m := range p.Visible() {
		must(t, p.Mark(m.Number, "all"))
		if m.Number == 1 {
			must(t, p.Mark(2, "ahead of its turn"))
		}
	}
	for range p.Visible() {
		t.Error("something is visible, want nothing")
	}
	for range p.All() {
		break // an iteration may be left early
	}
	wantStat(t, p, 0, 0)
}

func TestNewRefusesImpossibleListings(t *testing.T) {
	for name, test := range map[string]struct {
		listing []plan.Message
		want    string
	}{
		"twice":     {[]plan.Message{{Number: 2}, {Number: 1}, {Number: 2}}, "message 2: listed twice"},
		"zero":      {[]plan.Message{{}}, "message 0: not a message-number"},
		"negative":  {[]plan.Message{{Number: 1, Octets: -7}}, "message 1: -7 octets"},
		"too large": {[]plan.Message{{Number: 1, Octets: math.MaxInt64}, {Number: 2, Octets: 1}}, "message 2: more octets in all than can be counted"},
	} {
		if _, err := plan.New(test.listing); err == nil || err.Error() != test.want {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}

func TestEmptyMaildrop(t *testing.T) {
	p, err := plan.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	wantStat(t, p, 0, 0)
	if err := p.Mark(1, ""); !errors.Is(err, plan.ErrNoMessage) {
		t.Errorf("got %v, want ErrNoMessage", err)
	}
	must(t, p.Reset())
	must(t, p.Commit())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
