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
		d.Accounts = append(d.Accounts, Account{Name: fmt.Sprintf("account%05d@example.org", i)})
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

// BenchmarkJobs is how long the page waits for a hundred jobs of ten thousand
// accounts each, while a run of each waits, after one of each has ended.
func BenchmarkJobs(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			db := filepath.Join(b.TempDir(), "jobs.db")
			if kind == "postgres" {
				db = newPostgres(b)
			}
			var list []Definition
			var accounts []Account
			for i := range 10000 {
				accounts = append(accounts, Account{Name: fmt.Sprintf("account%d", i)})
			}
			for i := range 100 {
				d := hourly()
				d.Name, d.Accounts = fmt.Sprintf("job%d", i), accounts
				list = append(list, d)
			}
			o, _ := options(b, db, nil, list...)
			e := opened(b, o)
			const pairs = `WITH RECURSIVE a (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM a WHERE n < 9999), j (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM j WHERE n < 99) `
			for _, text := range []string{
				"INSERT INTO popherd_run (job, account, fire, state, due, created, finished) " + pairs + "SELECT 'job' || j.n, 'account' || a.n, 1, 'done', 1, 1, 1 FROM a, j",
				"INSERT INTO popherd_run (job, account, fire, state, due, created) " + pairs + "SELECT 'job' || j.n, 'account' || a.n, 2, 'waiting', 1, 1 FROM a, j",
				"INSERT INTO popherd_standing (job, account, failures) " + pairs + "SELECT 'job' || j.n, 'account' || a.n, CASE WHEN a.n % 100 = 0 THEN 1 ELSE 0 END FROM a, j",
				"ANALYZE",
			} {
				if _, err := e.db.exec(b.Context(), text); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				jobs, err := e.Jobs(b.Context())
				if err != nil || jobs[99].Waiting != 10000 || jobs[99].Last == nil || len(jobs[99].Failing) != 100 {
					b.Fatal(err)
				}
			}
		})
	}
}
