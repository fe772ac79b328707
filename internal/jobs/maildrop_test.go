package jobs

import (
	"context"
	"sync"
	"testing"
	"time"
)

// crowd counts who is at something at once.
type crowd struct {
	lock     sync.Mutex
	at, most int
}

func (c *crowd) enter(ctx context.Context) {
	c.lock.Lock()
	c.at++
	c.most = max(c.most, c.at)
	c.lock.Unlock()
	pause(ctx, 20*time.Millisecond)
	c.lock.Lock()
	c.at--
	c.lock.Unlock()
}

// TestMaildrop: accounts of one maildrop exclude each other, in one job, of two
// jobs and in two processes; what is shown goes by name.
func TestMaildrop(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var crowd crowd
		p := performerFunc(func(ctx context.Context, _ Order) Result {
			crowd.enter(ctx)
			return Result{Class: Done}
		})
		first, second := hourly(), hourly()
		first.Accounts = []Account{{"work", "anna@mail.example:995"}, {"old", "anna@mail.example:995"}}
		second.Name, second.Accounts = "sort", []Account{{"work", "anna@mail.example:995"}, {"home", "anna@mail.example:995"}}
		o, c := options(t, db, p, first, second)
		e := start(t, o)
		o.Node = "other"
		start(t, o)
		c.add(time.Hour)
		settled(t, e, 4)
		if crowd.most != 1 {
			t.Errorf("%d runs of one maildrop at once", crowd.most)
		}
		for _, want := range []string{"work", "old", "home"} {
			if n := len(history(t, e, Query{Account: want})); n == 0 {
				t.Errorf("no run of %s", want)
			}
		}
	})
}

// TestOtherMaildrop: an account that means another maildrop than the one that
// ran dry runs dry first.
func TestOtherMaildrop(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		d := one1()
		d.DryFirst, d.Accounts = true, []Account{{"anna", "anna@old.example:995"}}
		o, c := options(t, db, &book{}, d)
		e := start(t, o)
		for n := range 2 {
			c.add(time.Hour)
			settled(t, e, n+1)
		}
		d.Accounts = []Account{{"anna", "anna@new.example:995"}}
		if err := e.Reload([]Definition{d}); err != nil {
			t.Fatal(err)
		}
		for n := range 2 {
			c.add(time.Hour)
			settled(t, e, n+3)
		}
		check1(t, e, "tidy anna 02 13:00: done done dry 1", "tidy anna 02 14:00: done done 1", "tidy anna 02 15:00: done done dry 1", "tidy anna 02 16:00: done done 1")
	})
}

// TestLoginDelay: no run of the maildrop begins before its server wants it, of
// whatever job and on whatever machine; it waits, which is no attempt. Other
// maildrops do not.
func TestLoginDelay(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b := &book{answer: answers(Result{Class: Done, Delay: 10 * time.Minute}, Result{Class: Done})}
		first, second, free := one1(), one1(), one1()
		first.Accounts, second.Accounts, free.Accounts = []Account{{"work", "m"}}, []Account{{"old", "m"}}, []Account{{"free", "n"}}
		first.Name, second.Name, free.Name = "first", "second", "free"
		o, c := options(t, db, b, first, second, free)
		o.Workers = 1
		e := start(t, o)
		ordered(t, e, "first")
		settled(t, e, 1)
		o.Node = "other"
		other := start(t, o)
		ordered(t, other, "second")
		ordered(t, e, "first")
		ordered(t, e, "free")
		until(t, "the other maildrop", func() bool { return len(b.list()) == 2 })
		c.add(9*time.Minute + 30*time.Second)
		ticked(t, e)
		ticked(t, other)
		if got := b.list(); len(got) != 2 || got[1].Account != "free" {
			t.Errorf("orders %+v", got)
		}
		c.add(time.Minute)
		settled(t, e, 4)
		check1(t, e, "first work by hand: done done 1", "second old by hand: done done 1", "first work by hand: done done 1", "free free by hand: done done 1")
	})
}

// TestLoginDelayAhead: what a clock that was ahead wrote holds nobody up longer
// than the server wants; without a daemon it is waited for, too.
func TestLoginDelayAhead(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, &book{}, one1())
		e := opened(t, o)
		year := noon.AddDate(1, 0, 0)
		if _, err := e.db.exec(t.Context(), "INSERT INTO popherd_delay (maildrop, until, length) VALUES ('anna', $1, $2)", year.UnixMicro(), (10 * time.Minute).Microseconds()); err != nil {
			t.Fatal(err)
		}
		runs := ordered(t, e, "tidy")
		go func() {
			until(t, "the wait", func() bool { return len(history(t, e, Query{State: "waiting"})) == 1 })
			c.add(10 * time.Minute)
		}()
		performed(t, e, runs, "tidy anna by hand: done done 1")
		if now := c.now(); now.After(noon.Add(time.Hour)) {
			t.Errorf("it is %v", now)
		}
		c.add(25 * time.Hour)
		if err := e.prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, e, "popherd_delay"); n != 0 {
			t.Errorf("%d delays are remembered", n)
		}
	})
}

// TestLoginDelayPile: of a job that fires more often than the server wants, few
// runs wait, and the later ones take the place of those before.
func TestLoginDelayPile(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var lock sync.Mutex
		var begins []time.Time
		o, c := options(t, db, nil, one1())
		o.Performer = performerFunc(func(context.Context, Order) Result {
			lock.Lock()
			defer lock.Unlock()
			begins = append(begins, c.now())
			return Result{Class: Done, Delay: 4*time.Hour - 10*time.Minute}
		})
		e := start(t, o)
		for range 24 {
			c.add(30 * time.Minute)
			ticked(t, e)
			until(t, "a calm", func() bool {
				return len(history(t, e, Query{State: "queued"}))+len(history(t, e, Query{State: "running"})) == 0
			})
			if n := len(history(t, e, Query{State: "waiting"})); n > 6 {
				t.Errorf("%d runs wait", n)
			}
		}
		for i := 1; i < len(begins); i++ {
			if d := begins[i].Sub(begins[i-1]); d < 3*time.Hour+50*time.Minute {
				t.Errorf("run %d begins %v after the one before", i, d)
			}
		}
		if n := len(history(t, e, Query{Outcome: "superseded"})); n < 3 || len(begins) != 3 {
			t.Errorf("%d runs were superseded, %d were not", n, len(begins))
		}
	})
}
