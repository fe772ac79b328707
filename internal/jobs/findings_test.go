package jobs

import (
	"context"
	"strings"
	"testing"
	"time"
)

// recorder notes the statements that look for runs.
type recorder struct {
	querier
	texts map[string][]any
}

func (r recorder) query(ctx context.Context, text string, args ...any) (rows, error) {
	r.texts[text] = args
	return r.querier.query(ctx, text, args...)
}

type recorded struct {
	database
	recorder
}

func (r recorded) exec(ctx context.Context, text string, args ...any) (int64, error) {
	r.texts[text] = args
	return r.database.exec(ctx, text, args...)
}
func (r recorded) query(ctx context.Context, text string, args ...any) (rows, error) {
	return r.recorder.query(ctx, text, args...)
}
func (r recorded) look() querier { return r.recorder }

// TestNoScan: what is asked each second, or each minute, reads no whole table of
// runs: SQLite takes a partial index only for what repeats its condition.
func TestNoScan(t *testing.T) {
	t.Parallel()
	o, _ := options(t, newSQLite(t), &book{}, one1())
	e := opened(t, o)
	texts := map[string][]any{}
	e.db = recorded{e.db, recorder{e.db, texts}}
	ctx := t.Context()
	for _, err := range []error{e.queueDue(ctx), e.sweep(ctx), e.compare(ctx, "x"), e.count(ctx)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, state := range []string{"waiting", "queued", "running"} {
		if _, err := e.History(ctx, Query{State: state}); err != nil {
			t.Fatal(err)
		}
	}
	if len(texts) < 8 {
		t.Errorf("%d statements, want 8 at least", len(texts))
	}
	for text, args := range texts {
		err := each(ctx, e.db.(recorded).database, func(r rows) error {
			var id, parent, unused int
			var line string
			err := r.Scan(&id, &parent, &unused, &line)
			if strings.HasPrefix(line, "SCAN popherd_run") && !strings.Contains(line, "INDEX popherd_run_state") &&
				!strings.Contains(line, "INDEX popherd_run_due") && !strings.Contains(line, "INDEX popherd_run_open") {
				t.Errorf("%s\n%s", text, line)
			}
			return err
		}, "EXPLAIN QUERY PLAN "+text, args...)
		if err != nil {
			t.Error(err)
		}
	}
}

// slow is a database that takes long to look.
type slow struct{ database }

func (s slow) look() querier { return slowLook{s.database.look()} }

type slowLook struct{ querier }

func (s slowLook) query(ctx context.Context, text string, args ...any) (rows, error) {
	pause(ctx, 4*time.Second)
	return s.querier.query(ctx, text, args...)
}

// TestSlowLook: the lease is renewed while a look takes longer than it.
func TestSlowLook(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		began, ended := make(chan struct{}), make(chan error, 1)
		o, _ := options(t, db, performerFunc(func(ctx context.Context, _ Order) Result {
			close(began)
			pause(ctx, 5*time.Second)
			ended <- context.Cause(ctx)
			return Result{Class: Done}
		}), one1())
		e := opened(t, o)
		e.db = slow{e.db}
		if err := e.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stop(t, e) })
		ordered(t, e, "tidy")
		<-began
		if err := <-ended; err != nil {
			t.Errorf("the run was ended: %v", err)
		}
	})
}

// TestUnknownFromFirstLook: 15 minutes count from when a process that does not
// know the job looked first, whatever the age of the run and the clocks are.
func TestUnknownFromFirstLook(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, nil, one1())
		ordered(t, opened(t, o), "tidy")
		o.Jobs, o.Performer = nil, &book{}
		o.Now = func() time.Time { return c.now().Add(-2 * time.Second) }
		c.add(time.Hour)
		e := start(t, o)
		until(t, "a wait", func() bool { return count(t, e, "popherd_run WHERE state = 'waiting' AND unknown <> 0") == 1 })
		c.add(unknownMost)
		settled(t, e, 1)
		check1(t, e, "tidy anna by hand: done cancelled 0")
	})
}

// TestRollingReload: once one process has a newer schedule, the older one fires
// nowhere any more.
func TestRollingReload(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		d := one1()
		d.Schedule = cron("10 13 * * *")
		o, c := options(t, db, &book{}, d)
		first, second := start(t, o), start(t, o)
		d.Schedule = cron("20 13 * * *")
		if err := first.Reload([]Definition{d}); err != nil {
			t.Fatal(err)
		}
		for _, wait := range []time.Duration{time.Hour + 11*time.Minute, 10 * time.Minute} {
			c.add(wait)
			ticked(t, first)
			ticked(t, second)
		}
		settled(t, first, 1)
		check1(t, first, "tidy anna 02 13:20: done done 1")
	})
}

// TestZoneName: the machines' own zones are told apart, and by no name.
func TestZoneName(t *testing.T) {
	if got := zoneName(time.Local); !strings.HasPrefix(got, "local ") || got != zoneName(time.Local) {
		t.Errorf("the machine's own: %q", got)
	}
	if got := zoneName(time.UTC); got != "UTC" {
		t.Errorf("UTC: %q", got)
	}
}

// TestTicketsAhead: tickets of a clock that was ahead by hours are given anew.
func TestTicketsAhead(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, &book{}, hourly())
		e := opened(t, o)
		ordered(t, e, "tidy")
		if _, err := e.db.exec(t.Context(), "UPDATE river_job SET scheduled_at = $1", e.db.moment(time.Now().Add(6*time.Hour))); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := e.sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := e.Stats().Lost; n != 2 {
			t.Errorf("%d tickets were given anew, want 2", n)
		}
	})
}

// TestIdleLease: a lease without a run is given back.
func TestIdleLease(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, &book{}, one1())
		e := opened(t, o)
		if err := e.enter(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		if _, err := e.db.exec(t.Context(), "INSERT INTO popherd_lease (maildrop, node, run) VALUES ('anna', $1, 7)", e.session.Load().id); err != nil {
			t.Fatal(err)
		}
		if err := e.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := count(t, e, "popherd_lease"); n != 0 {
			t.Errorf("%d leases", n)
		}
	})
}

// TestPruneAhead: a clock that jumps ahead deletes nothing that is young.
func TestPruneAhead(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, c := options(t, db, &book{}, one1())
		e := start(t, o)
		c.add(time.Hour)
		settled(t, e, 1)
		stop(t, e)
		e = opened(t, o)
		c.add(365 * 24 * time.Hour)
		if err := e.prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		check1(t, e, "tidy anna 02 13:00: done done 1")
	})
}

// TestRealByAPerson: who has a job run for real is taken to know what it does.
func TestRealByAPerson(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		d := one1()
		d.DryFirst = true
		o, c := options(t, db, &book{}, d)
		e := start(t, o)
		dry := false
		if _, err := e.Run(t.Context(), "tidy", nil, &dry); err != nil {
			t.Fatal(err)
		}
		settled(t, e, 1)
		c.add(time.Hour)
		settled(t, e, 2)
		check1(t, e, "tidy anna by hand: done done 1", "tidy anna 02 13:00: done done 1")
	})
}

// TestStrangeTexts: neither a form of address that has a password nor an octet
// that PostgreSQL refuses does harm.
func TestStrangeTexts(t *testing.T) {
	for _, db := range []string{"host=127.0.0.1 password=hunter2", "mysql://u:hunter2@h/x"} {
		if _, err := Open(t.Context(), Options{DB: db}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open: %v", err)
		}
	}
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, &book{answer: answers(Result{Class: Done, Outcome: "a\x00\xff"})}, one1())
		o.Node = "n\x00\xff"
		e := opened(t, o)
		performed(t, e, ordered(t, e, "tidy"), "tidy anna by hand: done a\uFFFD\uFFFD 1")
		if _, err := e.History(t.Context(), Query{Job: "\x00\xff"}); err != nil {
			t.Error(err)
		}
	})
}

// TestNewerSchema: a later popherd's database is refused before it is changed.
func TestNewerSchema(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		o, _ := options(t, db, nil)
		e := opened(t, o)
		for _, text := range []string{"UPDATE popherd_schema SET version = 99", "DELETE FROM river_migration"} {
			if _, err := e.db.exec(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "version 99") {
			t.Errorf("Open: %v", err)
		}
		if n := count(t, e, "river_migration"); n != 0 {
			t.Errorf("%d migrations were made", n)
		}
	})
}
