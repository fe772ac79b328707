package jobs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFailed: the history can be read by class, and for what did not end well.
func TestFailed(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		d := hourly()
		d.Accounts, d.Retries = named("anna", "ben", "carl", "dora"), 0
		o, _ := options(t, db, performerFunc(func(_ context.Context, o Order) Result {
			return Result{Class: map[string]Class{"anna": Done, "ben": Refused, "carl": Temporary, "dora": Permanent}[o.Account]}
		}), d)
		e := opened(t, o)
		if _, err := e.Perform(t.Context(), ordered(t, e, "tidy")); err != nil {
			t.Fatal(err)
		}
		runs := ordered(t, e, "tidy", "anna", "ben")
		if err := e.Cancel(t.Context(), runs[0]); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			q    Query
			want []int64
		}{
			{Query{Failed: true}, []int64{5, 4, 3, 2}},
			{Query{Failed: true, Account: "ben", Job: "tidy"}, []int64{2}},
			{Query{Failed: true, Before: 4, Limit: 1}, []int64{3}},
			{Query{Class: Done}, []int64{1}},
			{Query{Class: Temporary, State: "done"}, []int64{3}},
			{Query{Failed: true, Class: Done}, nil},
			{Query{State: "queued"}, []int64{6}},
			{Query{State: "done' OR '1' = '1"}, nil},
		} {
			list, err := e.History(t.Context(), c.q)
			var got []int64
			for _, r := range list {
				got = append(got, r.ID)
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%+v: %v, want %v: %v", c.q, got, c.want, err)
			}
		}
	})
}

// asked counts the questions of who looks.
type asked struct {
	database
	texts []string
}

func (a *asked) look() querier { return lookAsked{a.database.look(), a} }

type lookAsked struct {
	querier
	of *asked
}

func (l lookAsked) query(ctx context.Context, text string, args ...any) (rows, error) {
	l.of.texts = append(l.of.texts, text)
	return l.querier.query(ctx, text, args...)
}

// TestJobsAreCheap: how all jobs stand is asked in as many questions for 50 as
// for one, and none of them goes through the runs that have ended or the
// accounts that are well.
func TestJobsAreCheap(t *testing.T) {
	both(t, func(t *testing.T, db string) {
		var list []Definition
		for i := range 50 {
			d := hourly()
			d.Name = fmt.Sprintf("job%02d", i)
			list = append(list, d)
		}
		o, c := options(t, db, &book{}, list...)
		e := opened(t, o)
		if _, err := e.Perform(t.Context(), append(ordered(t, e, "job07"), ordered(t, e, "job49", "ben")...)); err != nil {
			t.Fatal(err)
		}
		c.add(time.Hour)
		if err := e.fireAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := &asked{database: e.db}
		e.db = a
		jobs, err := e.Jobs(t.Context())
		e.db = a.database
		if err != nil || len(a.texts) != 4 {
			t.Fatalf("%d questions, want 4: %v", len(a.texts), err)
		}
		for i, s := range jobs {
			last := ""
			if s.Last != nil {
				last = s.Last.Account
			}
			if want := map[int]string{7: "ben", 49: "ben"}[i]; s.Name != list[i].Name || last != want || s.Queued != 2 || len(s.Next) != 5 || !slices.Equal(s.Accounts, []string{"anna", "ben"}) {
				t.Errorf("%+v, last %q, want %q", s, last, want)
			}
		}
		if strings.HasPrefix(db, "postgres") {
			return // with a few rows it goes through all of them
		}
		for _, text := range a.texts[1:] { // popherd_job is small
			err := each(t.Context(), e.db, func(r rows) error {
				var id, parent, unused int
				var detail string
				err := r.Scan(&id, &parent, &unused, &detail)
				if strings.HasPrefix(detail, "SCAN popherd_") && !strings.Contains(detail, "INDEX") && !strings.Contains(detail, "popherd_job") {
					t.Errorf("%s: %s", text, detail)
				}
				return err
			}, "EXPLAIN QUERY PLAN "+text)
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
