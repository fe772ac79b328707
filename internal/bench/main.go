// Command bench measures popherd, Python's poplib, mpop and a reader that does
// nothing but read, in turn on one Dovecot, and holds popherd against its
// targets:
//
//	go run ./internal/bench [--rows scan,small] [--rounds 5] [--quick]
//
// Every figure is the median of some rounds in which all contestants run one
// after the other, since absolute times drift and only ratios of one run count.
// A contestant is the whole program, from its start to its end; popherd is run
// as a user does, with a script of scripts/ and the report. The limit is the
// reader's time; it is no program, so that the start of popherd counts against
// popherd.
//
// It needs Linux with Dovecot 2.3, and a machine with nothing else to do for
// some ten minutes. A peer that is not installed leaves its column empty. The
// mail, 1 GB of it, is below TMPDIR until the end.
//
// To see where the time goes, give --popherd a script that does
//
//	exec perf record -e cpu-clock -g -o /tmp/perf.$$ popherd "$@"
//
// and ask for one row and one round.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/popherd/popherd/internal/dovecottest"
)

// options are the command line.
type options struct {
	rows         []string
	rounds, bigs int
	quick        bool
	popherd      string
	output       string
}

// errFailed means that the table is there, with a row that failed.
var errFailed = errors.New("some rows failed")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is the program.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if err := dovecottest.Available(); err != nil {
		return fmt.Errorf("%w; try: apt-get install dovecot-pop3d mpop", err)
	}
	var results []result
	err = (&owner{log: stderr}).within(func(t dovecottest.T) (err error) {
		results, err = measureAll(ctx, t, o, stderr)
		return err
	})
	if err == nil {
		err = write(stdout, o.output, o.rounds, results)
	}
	if err == nil && slices.ContainsFunc(results, func(r result) bool { return r.Error != "" }) {
		err = errFailed
	}
	return err
}

// parse reads the command line.
func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringSliceVar(&o.rows, "rows", nil, "the rows to measure; all if not given: "+strings.Join(rowNames(), ", "))
	flags.IntVar(&o.rounds, "rounds", 5, "how often each contestant runs")
	flags.IntVar(&o.bigs, "bigs", 20, "how many messages of 20 MB there are")
	flags.BoolVar(&o.quick, "quick", false, "little mail and one round: shows that all works, and nothing else")
	flags.StringVar(&o.popherd, "popherd", "", "`path` of the popherd to measure; else it is built")
	flags.StringVarP(&o.output, "output", "o", "table", "table or json")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.quick && !flags.Changed("rounds") {
		o.rounds = 1
	}
	for _, id := range o.rows {
		if !slices.Contains(rowNames(), id) {
			return o, fmt.Errorf("row %q: there is %s", id, strings.Join(rowNames(), ", "))
		}
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("argument %q: there are only flags", flags.Arg(0))
	case o.output != "table" && o.output != "json":
		return o, fmt.Errorf("output %q: table or json", o.output)
	case o.rounds < 1 || o.bigs < 1:
		return o, errors.New("rounds and bigs: at least 1")
	}
	return o, nil
}

func rowNames() (ids []string) {
	for _, r := range allRows(shapes(true, 1)) {
		ids = append(ids, r.id)
	}
	return ids
}

// measureAll measures the rows that are asked for.
func measureAll(ctx context.Context, t dovecottest.T, o options, log io.Writer) ([]result, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	s, err := newStand(ctx, t, o, log)
	if err != nil {
		return nil, err
	}
	var results []result
	for _, r := range allRows(s.shapes) {
		if o.rows != nil && !slices.Contains(o.rows, r.id) {
			continue
		}
		fmt.Fprintln(log, r.id+": "+r.task)
		results = append(results, s.race(ctx, r, o.rounds))
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return results, nil
}
