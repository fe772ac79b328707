package jobs

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAgain: what was not begun after all begins again soon, and was no attempt.
func TestAgain(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var n notices
		again := Result{Class: Again, Message: "it changed"}
		b := &book{answer: answers(again, again, Result{Class: Temporary}, Result{Class: Done})}
		o, _ := options(t, db, b, one1())
		o.Notice, o.RetryWait = n.take, o.Tick
		e := start(t, o)
		ordered(t, e, "tidy")
		settled(t, e, 1)
		stop(t, e)
		check1(t, looking(t, o), "tidy anna by hand: done done 2")
		n.want(t, "anna 1 again it changed false", "anna 1 again it changed false", "anna 1 temporary  false", "anna 2 done  true")
	})
}

// looking opens an engine that looks only.
func looking(t *testing.T, o Options) *Engine {
	t.Helper()
	o.Performer, o.Notice = nil, nil
	return opened(t, o)
}

// TestAgainEnds: not for ever; without a daemon it is the same.
func TestAgainEnds(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		d := one1()
		d.Retries = 0
		b := &book{answer: answers(Result{Class: Again, Message: "it changed"})}
		o, _ := options(t, db, b, d)
		e := opened(t, o)
		performed(t, e, ordered(t, e, "tidy"), "tidy anna by hand: done temporary 1")
		r, err := e.Show(t.Context(), 1)
		if err != nil || r.Class != Temporary || r.Message != "it changed" || len(b.list()) != mostAgains+1 {
			t.Errorf("%+v, %v, %d orders", r, err, len(b.list()))
		}
	})
}

// TestEarlier: an attempt is told what the one before reported, however that
// ended, and which maildrop is its own.
func TestEarlier(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var n atomic.Int64
		var got []string
		p := performerFunc(func(_ context.Context, o Order) Result {
			got = append(got, fmt.Sprintf("%d %s %s", o.Attempt, o.Maildrop, o.Earlier))
			switch n.Add(1) {
			case 1:
				return Result{Class: Temporary, Report: []byte("1")}
			case 2:
				return Result{Class: Temporary} // the server was away
			case 3:
				return Result{Class: Again}
			}
			return Result{Class: Done, Report: []byte("3")}
		})
		d := one1()
		d.Accounts = []Account{{"anna", "anna@mail.example:995"}}
		o, _ := options(t, db, p, d)
		o.RetryWait = o.Tick
		e := opened(t, o)
		performed(t, e, ordered(t, e, "tidy"), "tidy anna by hand: done done 3")
		want := "1 anna@mail.example:995 |2 anna@mail.example:995 1|3 anna@mail.example:995 1|3 anna@mail.example:995 1"
		if got := strings.Join(got, "|"); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if r, err := e.Show(t.Context(), 1); err != nil || string(r.Report) != "3" {
			t.Errorf("%+v, %v", r, err)
		}
	})
}
