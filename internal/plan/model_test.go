package plan_test

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/internal/plan"
)

// model is the plan in the plainest terms: two maps, and counting anew.
type model struct {
	octets map[int]int64
	marked map[int]bool
}

func (m model) visible() []int {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(m.octets)), func(n int) bool { return m.marked[n] })
}

func (m model) stat() (count int, octets int64) {
	for _, n := range m.visible() {
		count++
		octets += m.octets[n]
	}
	return count, octets
}

func (m model) refuses(number int) error {
	if _, ok := m.octets[number]; !ok {
		return plan.ErrNoMessage
	}
	if m.marked[number] {
		return plan.ErrMarked
	}
	return nil
}

// compare holds the plan against the model after every step.
func (m model) compare(t *rapid.T, p *plan.Plan) {
	marks := p.Marks()
	if want := slices.Sorted(maps.Keys(m.marked)); !slices.Equal(marks, want) {
		t.Fatalf("marks: got %v, want %v", marks, want)
	}
	if !slices.IsSorted(marks) || len(marks) > p.Len() {
		t.Fatalf("marks: got %v, want them by number, at most %d", marks, p.Len())
	}
	if got, want := numbers(p), m.visible(); !slices.Equal(got, want) {
		t.Fatalf("visible: got %v, want %v", got, want)
	}
	count, octets := p.Stat()
	wantCount, wantOctets := m.stat()
	if count != wantCount || octets != wantOctets {
		t.Fatalf("stat: got %d, %d, want %d, %d", count, octets, wantCount, wantOctets)
	}
	if got, want := p.Summary(), (plan.Summary{Delete: len(m.marked), Keep: wantCount}); got != want {
		t.Fatalf("summary: got %+v, want %+v", got, want)
	}
}

func TestPlanFollowsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		octets := rapid.MapOfN(rapid.IntRange(1, 40), rapid.Int64Range(0, 1<<40), 0, 30).Draw(t, "octets")
		listing := make([]plan.Message, 0, len(octets))
		for _, n := range rapid.Permutation(slices.Sorted(maps.Keys(octets))).Draw(t, "order") {
			listing = append(listing, plan.Message{Number: n, Octets: octets[n]})
		}
		p, err := plan.New(listing)
		if err != nil {
			t.Fatal(err)
		}
		m := model{octets, map[int]bool{}}
		number := rapid.IntRange(-1, 42)

		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { m.compare(t, p) },
			"mark": func(t *rapid.T) {
				n := number.Draw(t, "number")
				want := m.refuses(n)
				if got := p.Mark(n, "x"); !errors.Is(got, want) {
					t.Fatalf("mark %d: got %v, want %v", n, got, want)
				}
				if want == nil {
					m.marked[n] = true
				}
				if p.Marked(n) != m.marked[n] {
					t.Fatalf("marked %d: got %v, want %v", n, p.Marked(n), m.marked[n])
				}
			},
			"decide": func(t *rapid.T) {
				n, mark := number.Draw(t, "number"), rapid.Bool().Draw(t, "mark")
				_, listed := octets[n]
				if err := p.Decide(n, plan.Decision{Mark: mark, Reason: "y"}); (err == nil) != listed {
					t.Fatalf("decide %d, listed %v: %v", n, listed, err)
				}
				delete(m.marked, n)
				if mark && listed {
					m.marked[n] = true
				}
			},
			"reset": func(t *rapid.T) {
				if err := p.Reset(); err != nil {
					t.Fatal(err)
				}
				clear(m.marked)
				for message, d := range p.All() {
					if !reflect.DeepEqual(d, plan.Decision{Reason: plan.NoRule}) {
						t.Fatalf("message %d after a reset: %+v", message.Number, d)
					}
				}
			},
		})
	})
}

func BenchmarkLargeMaildrop(b *testing.B) {
	listing := make([]plan.Message, 100_000)
	for i := range listing {
		listing[i] = plan.Message{Number: i + 1, Octets: 4000}
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			if _, err := plan.New(listing); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("mark and stat each", func(b *testing.B) {
		p, _ := plan.New(listing)
		for b.Loop() {
			_ = p.Reset()
			for n := range len(listing) {
				if err := p.Mark(n+1, "x"); err != nil {
					b.Fatal(err)
				}
				_, _ = p.Stat()
			}
		}
	})
}
