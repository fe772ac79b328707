package main

import "slices"

// A measure is what a row compares.
type measure int

const (
	wall       measure = iota // seconds, as a multiple of the limit's
	cpuMessage                // microseconds of processor time for each message
	cpuOctet                  // nanoseconds of processor time for each octet
	peak                      // megabytes of the largest process
)

// unit is what the measure's values are in.
func (m measure) unit() string { return [...]string{"s", "us", "ns", "MB"}[m] }

// A row is one line of the table: a job, what it is measured by, and what is
// to be reached.
type row struct {
	id, task  string
	measure   measure
	job       job
	against   job     // what popherd does in the limit's place; none for the reader
	atMost    float64 // of the limit for wall, else of the unit; 0 for no target
	belowMpop bool    // and faster than mpop
	alone     bool    // without poplib, which would take minutes
}

// allRows are the table, for mail of these shapes.
func allRows(mail map[string]shape) []row {
	var (
		scan     = job{drop: "small", script: "rules.lua", work: "rules"}
		scanLoop = job{drop: "small", script: "rules_loop.lua", work: "rules"}
		deletes  = job{drop: "small", script: "rules.lua", work: "delete"}
		small    = job{drop: "small", script: "retr.lua", work: "retr"}
		mixed    = job{drop: "mixed", script: "retr.lua", work: "retr"}
		big      = job{drop: "big", script: "retr.lua", work: "retr"}
		mega     = job{drop: "mega", script: "retr.lua", work: "retr"}
		tiny     = job{drop: "tiny", script: "retr.lua", work: "retr"}
		near     = job{drop: "near", script: "retr.lua", work: "retr"}
		nearLoop = job{drop: "near", script: "retr_loop.lua", work: "retr"}
		top      = job{drop: "near", script: "top.lua", work: "top"}
		topLoop  = job{drop: "near", script: "top_loop.lua", work: "top"}
		toDir    = job{drop: "small", script: "deliver.lua", work: "retr", to: "maildir"}
		toFile   = job{drop: "small", script: "deliver.lua", work: "retr", to: "mbox"}
		plan     = job{drop: "tiny", script: "rules.lua", work: "plan"}
	)
	each := func(what string, j job) string { return what + " " + mail[j.drop].String() }
	return []row{
		{id: "scan", task: each("TOP", scan) + ", 20 rules", job: scan, atMost: 1.5},
		{id: "scan-loop", task: each("TOP", scan) + ", 20 rules, unchanged loop", job: scanLoop},
		{id: "delete", task: each("TOP", scan) + ", 20 rules, delete half", job: deletes, atMost: 1.4},
		{id: "small", task: each("RETR", small), job: small, atMost: 1.25, belowMpop: true},
		{id: "to-maildir", task: each("RETR", small) + ", to a Maildir", job: toDir, atMost: 1.25, belowMpop: true, alone: true},
		{id: "to-mbox", task: each("RETR", small) + ", to an mbox", job: toFile, atMost: 1.25, belowMpop: true, alone: true},
		{id: "mixed", task: each("RETR", mixed), job: mixed, atMost: 1.1},
		{id: "big", task: each("RETR", big), job: big, atMost: 1.1},
		{id: "small-tls", task: each("RETR", small) + ", TLS", job: small.overTLS(), atMost: 1.25},
		{id: "mixed-tls", task: each("RETR", mixed) + ", TLS", job: mixed.overTLS(), atMost: 1.25},
		{id: "far", task: each("RETR", near) + ", 20 ms", job: near.away(), atMost: 1.25},
		{id: "far-many", task: each("RETR", small) + ", 20 ms", job: small.away(), atMost: 1.25, alone: true},
		{id: "loop-top", task: each("top(i, 0)", top) + ", 20 ms, against messages()", job: topLoop.away(), against: top.away(), atMost: 2},
		{id: "loop-retr", task: each("retr(i)", near) + ", 20 ms, against messages()", job: nearLoop.away(), against: near.away(), atMost: 2},
		{id: "cpu-message", task: "CPU a message, " + each("RETR", small), measure: cpuMessage, job: small, atMost: 8},
		{id: "cpu-octet", task: "CPU an octet, " + each("RETR", mega), measure: cpuOctet, job: mega, atMost: 1},
		{id: "rss-small", task: "memory, " + each("RETR", small), measure: peak, job: small, atMost: 48},
		{id: "rss-big", task: "memory, " + each("RETR", big), measure: peak, job: big, atMost: 48},
		{id: "rss-many", task: "memory, " + each("RETR", tiny), measure: peak, job: tiny, atMost: 48},
		{id: "rss-plan", task: "memory, " + each("TOP", plan) + ", 20 rules, plan to delete half", measure: peak, job: plan, atMost: 48, alone: true},
		{id: "two", task: "two maildrops, " + each("RETR", small) + ", against one", job: small.doubled(), against: small, atMost: 1.6, alone: true},
	}
}

// overTLS is the job over TLS from the start.
func (j job) overTLS() job {
	j.tls = true
	return j
}

// away is the job through the delaying proxy.
func (j job) away() job {
	j.far = true
	return j
}

// doubled is the job on two maildrops at once.
func (j job) doubled() job {
	j.twice = true
	return j
}

// contestants are who takes part in a row, by the column's name.
func (s *stand) contestants(r row) map[string]contestant {
	in := map[string]contestant{"popherd": s.herd(r.job)}
	switch {
	case r.against != (job{}):
		in["limit"] = s.herd(r.against)
	case r.measure != peak: // the reader has no memory of its own
		in["limit"] = s.limit(r.job)
	}
	if r.measure == cpuMessage || r.measure == cpuOctet {
		in["idle"] = s.idle()
	}
	if peer := s.poplib(r.job); peer != nil && !r.alone {
		in["poplib"] = peer
	}
	if peer := s.retriever(r.job); peer != nil && r.against == (job{}) {
		in["mpop"] = peer
	}
	return in
}

// value is the median of a contestant's outcomes in the row's unit. idle are
// those of a popherd that does nothing, and d is the mail.
func (r row) value(d *maildrop, outcomes, idle []outcome) float64 {
	seconds := func(o outcome) float64 { return o.cpu.Seconds() }
	switch r.measure {
	case cpuMessage:
		return (median(outcomes, seconds) - median(idle, seconds)) * 1e6 / float64(d.count)
	case cpuOctet:
		return (median(outcomes, seconds) - median(idle, seconds)) * 1e9 / float64(d.octets)
	case peak:
		return median(outcomes, func(o outcome) float64 { return float64(o.rss) / (1 << 20) })
	default:
		return median(outcomes, func(o outcome) float64 { return o.wall.Seconds() })
	}
}

// median is of what of finds in the outcomes; 0 of none.
func median(outcomes []outcome, of func(outcome) float64) float64 {
	if len(outcomes) == 0 {
		return 0
	}
	values := make([]float64, len(outcomes))
	for i, o := range outcomes {
		values[i] = of(o)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}
	return values[middle]
}
