package jobs

import (
	"context"
	"errors"
	"log/slog"
	"time"
)

// An Order is one attempt of a run that is due.
type Order struct {
	Run      int64
	Job      string
	Account  string
	Maildrop string    // what the account meant when the attempt began: the lease is for it
	Fire     time.Time // zero: by hand
	Attempt  int       // from 1; those that a stop interrupted do not count
	DryRun   bool
	Deadline time.Duration // the context ends after that long
	Digest   string        // what Definition.Digest said when the attempt began
	// Earlier is the report of the run's last attempt that ended and had one,
	// for what is to be carried over from it; nil if there is none.
	Earlier []byte
}

// A Class says what a Result means for the next attempt.
type Class string

// Classes of results. One without a class counts as Permanent.
const (
	Done        Class = "done"        // nothing is left to do
	Temporary   Class = "temporary"   // another attempt may mend it
	Refused     Class = "refused"     // the login was: only a person mends it
	Permanent   Class = "permanent"   // no attempt mends it
	Interrupted Class = "interrupted" // the context ended before anything was done
	// Again says that nothing was begun after all, for the configuration changed
	// under it: the run waits some moments, and it was no attempt. From the 21st
	// in a row on it is Temporary.
	Again Class = "again"
)

// A Result is what became of an Order.
type Result struct {
	Outcome string // a word for people and filters; empty is the class
	Class   Class
	After   time.Duration // not before that long, if Temporary; 24 hours at most
	// Delay is the server's LOGIN-DELAY (RFC 2449, section 6.5): no run of the
	// maildrop begins that long after this one's end; 24 hours at most.
	Delay   time.Duration
	Message string // for people; the reason of a failure

	Messages, Deleted, Delivered, Kept int
	Report                             []byte // JSON; above 16 MiB it is left out
}

// A Performer does what an Order says. When the context ends, whatever only
// reads is to abort; a commit that has begun is to finish. An order may be one
// that was carried out before, by a process that died before it could say so.
// The engine never calls it twice at once for the same maildrop.
type Performer interface {
	Perform(ctx context.Context, o Order) Result
}

// Options say how to open an engine.
type Options struct {
	DB        string // path of a SQLite file, or postgres://...
	Jobs      []Definition
	Performer Performer // nil: this engine is for looking and ordering, and cannot Start
	Workers   int       // runs at once in this process; 0 is 8
	Node      string    // name of the machine, for people
	Now       func() time.Time
	Log       *slog.Logger

	HistoryDays int // how long runs are kept; 0 is 90

	Tick  time.Duration // between looks at the clock; 0 is 1 second
	Lease time.Duration // see Leases; 0 is 30 seconds
	// RetryWait is before the second attempt; it doubles. 0 is 1 minute.
	RetryWait time.Duration

	// Notice is told the result of each attempt once it stands in the database;
	// final says that there will not be another one. It is called by several
	// goroutines at once, each of which works no other run before it returns.
	Notice func(o Order, r Result, final bool)
}

func (o *Options) fill() {
	fallback(&o.Workers, 8)
	fallback(&o.HistoryDays, 90)
	fallback(&o.Tick, time.Second)
	fallback(&o.Lease, 30*time.Second)
	fallback(&o.RetryWait, time.Minute)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Node == "" {
		o.Node = "node"
	}
	o.Node = clean(o.Node)
}

func fallback[T int | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

// Errors of what a person asks for. They are wrapped in what says for which.
var (
	ErrUnknown  = errors.New("not known")                      // no such job, account or run
	ErrSettled  = errors.New("has ended well already")         // Retry of a run that needs none
	ErrOver     = errors.New("is over")                        // Cancel of a run that has ended
	ErrStopping = errors.New("the engine stops")               // cause of a context's end
	ErrLeased   = errors.New("the lease of the account ended") // cause of a context's end
)

// causes of a context's end that only this package tells apart.
var (
	errCancelled = errors.New("cancelled")
	errDeadline  = errors.New("the deadline passed")
)
