package jobs

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// BenchmarkRuns is one fire for many accounts, whose runs do nothing: the
// engine's own cost. Run it with -benchtime=1x.
func BenchmarkRuns(b *testing.B) {
	for _, accounts := range []int{100, 1000, 10000} {
		for _, kind := range []string{"sqlite", "postgres"} {
			b.Run(fmt.Sprintf("%s/%d", kind, accounts), func(b *testing.B) {
				for range b.N {
					db := filepath.Join(b.TempDir(), "jobs.db")
					if kind == "postgres" {
						db = newPostgres(b)
					}
					benchFire(b, db, accounts)
				}
			})
		}
	}
}

func benchFire(b *testing.B, db string, accounts int) {
	d := hourly()
	d.Accounts = nil
	for i := range accounts {
		d.Accounts = append(d.Accounts, fmt.Sprintf("account%05d@example.org", i))
	}
	o, c := options(b, db, performerFunc(func(_ context.Context, _ Order) Result { return Result{Class: Done, Report: make([]byte, 2000)} }), d)
	o.Workers, o.Tick = 8, 100*time.Millisecond
	e := start(b, o)
	var peak uint64
	began := time.Now()
	c.add(time.Hour)
	until10(b, func() bool {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse+m.StackInuse)
		return e.Stats().Runs["done"] == uint64(accounts)
	})
	took := time.Since(began)
	var fired, first int64
	if err := one(b.Context(), e.db, []any{&first, &fired}, "SELECT MIN(started), MIN(created) FROM popherd_run"); err != nil {
		b.Fatal(err)
	}
	stop(b, e)
	b.ReportMetric(float64(accounts)/took.Minutes(), "runs/min")
	b.ReportMetric(float64(first-fired)/1e3, "ms-to-first")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MB")
	b.ReportMetric(0, "ns/op")
}

func until10(b *testing.B, f func() bool) {
	for end := time.Now().Add(10 * time.Minute); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal("it takes too long")
		}
	}
}
