package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"text/tabwriter"
)

// write shows the results of some rounds as a table, or as JSON.
func write(out io.Writer, format string, rounds int, results []result) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(results)
	}
	fmt.Fprintf(out, "medians of %d, %d processors\n", rounds, runtime.NumCPU())
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "row\ttask\tpopherd\tlimit\tratio\tat most\t\tpoplib\tmpop")
	for _, r := range results {
		fmt.Fprintf(w, "%s\t%s\t", r.Row, r.Task)
		if r.Error != "" {
			fmt.Fprintln(w, "failed, see below")
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.amount(r.Popherd), r.amount(r.Limit), times(r.Ratio),
			r.target(), r.verdict(), r.peer(r.Poplib), r.peer(r.Mpop))
	}
	for _, r := range results {
		if r.Error != "" {
			fmt.Fprintf(w, "%s failed: %s\n", r.Row, r.Error)
		}
	}
	return w.Flush()
}

// amount shows a value with three digits or so, and its unit.
func (r result) amount(v *float64) string {
	switch {
	case v == nil:
		return ""
	case *v < 10:
		return fmt.Sprintf("%.3f %s", *v, r.Unit)
	default:
		return fmt.Sprintf("%.1f %s", *v, r.Unit)
	}
}

// peer shows a peer as popherd is: by its ratio, if there is one.
func (r result) peer(v *float64) string {
	if v == nil || r.Ratio == nil {
		return r.amount(v)
	}
	ratio := *v / *r.Limit
	return times(&ratio)
}

func (r result) target() string {
	if r.AtMost == 0 {
		return ""
	}
	if r.Ratio == nil {
		return fmt.Sprintf("%g %s", r.AtMost, r.Unit)
	}
	if r.BelowMpop {
		return times(&r.AtMost) + ", mpop"
	}
	return times(&r.AtMost)
}

func times(ratio *float64) string {
	if ratio == nil {
		return ""
	}
	return fmt.Sprintf("%.2f x", *ratio)
}

func (r result) verdict() string {
	switch {
	case r.AtMost == 0:
		return ""
	case r.Reached:
		return "reached"
	default:
		return "missed"
	}
}
