package jobs

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"
)

// TestDigest: what the job does is asked when a run begins, not earlier: a
// script that was edited runs dry first, without a reload.
func TestDigest(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var script atomic.Value
		script.Store("one")
		b, d := &book{}, one1()
		d.DryFirst = true
		d.Digest = func() (string, error) { return script.Load().(string), nil }
		o, c := options(t, db, b, d)
		e := start(t, o)
		for n, text := range []string{"one", "one", "two", "two", "one"} {
			script.Store(text)
			c.add(time.Hour)
			settled(t, e, n+1)
		}
		var got string
		for _, o := range b.list() {
			got += " " + o.Digest
			if o.DryRun {
				got += " dry"
			}
		}
		if want := " one dry one two dry two one dry"; got != want {
			t.Errorf("orders:%s, want%s", got, want)
		}
		check1(t, e, "tidy anna 02 13:00: done done dry 1", "tidy anna 02 14:00: done done 1", "tidy anna 02 15:00: done done dry 1",
			"tidy anna 02 16:00: done done 1", "tidy anna 02 17:00: done done dry 1")
	})
}

// TestDigestFails: a script that cannot be read ends the run for good, with the
// reason, and the performer hears nothing of it.
func TestDigestFails(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		b, d := &book{}, one1()
		d.PauseAfter = 1
		d.Digest = func() (string, error) { return "", errors.New("script tidy.lua: no such file") }
		o, c := options(t, db, b, d)
		e := start(t, o)
		c.add(time.Hour)
		settled(t, e, 1)
		jobs, err := e.Jobs(t.Context())
		if err != nil || len(jobs[0].Paused) != 1 || jobs[0].Paused[0].Reason != "script tidy.lua: no such file" || jobs[0].Last.Class != Permanent {
			t.Errorf("Jobs: %+v, %v", jobs, err)
		}
		if n := len(b.list()); n != 0 {
			t.Errorf("%d orders", n)
		}
	})
}

// TestDigestIsSlow: it is asked outside of transactions: it may write itself.
func TestDigestIsSlow(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var e *Engine
		d := one1()
		d.Digest = func() (string, error) {
			return "1", write(t.Context(), e.db, func(tx transaction) error {
				_, err := tx.exec(t.Context(), "UPDATE popherd_job SET disabled = 0")
				return err
			})
		}
		o, _ := options(t, db, &book{}, d)
		e = opened(t, o)
		performed(t, e, ordered(t, e, "tidy"), "tidy anna by hand: done done 1")
	})
}
