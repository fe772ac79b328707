package main

import (
	"context"
	"fmt"
	"time"
)

// columns is the order in which contestants take turns.
var columns = []string{"popherd", "limit", "poplib", "mpop", "idle"}

// patience is how long a contestant may take to run in more than one round.
const patience = 5 * time.Second

// A result is a row with what was measured. What was not is nil.
type result struct {
	Row       string   `json:"row"`
	Task      string   `json:"task"`
	Unit      string   `json:"unit"`
	Popherd   *float64 `json:"popherd"`
	Limit     *float64 `json:"limit"`
	Ratio     *float64 `json:"ratio"`                // of popherd to the limit
	AtMost    float64  `json:"at_most"`              // of the ratio if there is one, else of popherd; 0 for no target
	BelowMpop bool     `json:"below_mpop,omitempty"` // and popherd below mpop
	Reached   bool     `json:"reached"`
	Poplib    *float64 `json:"poplib"`
	Mpop      *float64 `json:"mpop"`
	Error     string   `json:"error,omitempty"`
}

// race lets the contestants of a row run in turn, so that what else the
// machine does meets all of them alike.
func (s *stand) race(ctx context.Context, r row, rounds int) result {
	outcomes := map[string][]outcome{}
	fail := func(err error) result {
		return result{Row: r.id, Task: r.task, Unit: r.measure.unit(), AtMost: r.atMost, Error: err.Error()}
	}
	d, err := s.maildrop(ctx, r.job.drop)
	if err != nil {
		return fail(err)
	}
	in := s.contestants(r)
	for round := range rounds {
		for _, name := range columns {
			run := in[name]
			if run == nil {
				continue
			}
			s.server.WaitIdle()
			o, err := run(ctx, r.measure == peak)
			if err != nil {
				return fail(fmt.Errorf("%s, round %d: %w", name, round+1, err))
			}
			outcomes[name] = append(outcomes[name], o)
			if o.wall > patience {
				delete(in, name)
			}
		}
	}
	return r.result(d, outcomes)
}

// result makes numbers of outcomes.
func (r row) result(d *maildrop, outcomes map[string][]outcome) result {
	value := func(name string) *float64 {
		var idle []outcome
		if name == "popherd" {
			idle = outcomes["idle"]
		}
		if len(outcomes[name]) == 0 {
			return nil
		}
		v := r.value(d, outcomes[name], idle)
		return &v
	}
	got := result{
		Row: r.id, Task: r.task, Unit: r.measure.unit(), AtMost: r.atMost, BelowMpop: r.belowMpop,
		Popherd: value("popherd"), Limit: value("limit"), Poplib: value("poplib"), Mpop: value("mpop"),
	}
	if r.measure == wall {
		ratio := *got.Popherd / *got.Limit
		got.Ratio = &ratio
		got.Reached = ratio <= r.atMost
	} else {
		got.Reached = *got.Popherd <= r.atMost
	}
	if r.belowMpop && got.Mpop != nil {
		got.Reached = got.Reached && *got.Popherd < *got.Mpop
	}
	return got
}
