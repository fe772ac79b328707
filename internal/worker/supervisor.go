package worker

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// DefaultGrace is how long a worker has to finish after it was told to stop.
const DefaultGrace = time.Second

// Options say what to run. Path is needed; a nil Event drops events, and a nil
// Answer refuses questions.
type Options struct {
	// Path is the program, as in os/exec, and Args are its arguments without
	// its name.
	Path string
	Args []string
	// Env is the whole environment, "key=value" each. Nil is an empty one.
	Env []string
	// Dir is the working directory; empty means the supervisor's.
	Dir string
	// Job is what the worker is given to do, at most MaxWhole octets.
	Job []byte
	// Limits hold the worker.
	Limits Limits
	// Grace is how long a worker has after it was told to stop, and to end
	// after its result; 0 means DefaultGrace.
	Grace time.Duration
	// Busy reports whether the worker is at something that is not to be cut off:
	// then it has Linger more, once. Nil says that it never is. It is asked on
	// another goroutine than the one that called Run.
	Busy   func() bool
	Linger time.Duration

	// Event gets what the worker sends, in order, on the goroutine that called
	// Run. It must not keep the payload. While it blocks, so does the worker,
	// and Run. An error of it ends the run as if the context had ended.
	Event func(kind byte, payload []byte) error
	// Answer answers what the worker asks, on the same goroutine. Its context
	// ends with Run's, and when the worker is dead. The worker gets the text
	// of an error.
	Answer func(ctx context.Context, kind byte, question []byte) ([]byte, error)
}

// filled returns o with its defaults.
func (o Options) filled() Options {
	o.Limits = o.Limits.orDefaults()
	o.Grace = cmp.Or(o.Grace, DefaultGrace)
	return o
}

// Run starts a worker and returns how it ended, after the last of its events
// was handled and nothing of it is left. The error says that it could not be
// started, or is one that Event returned; a worker that ends badly is no error.
//
// When ctx ends the worker is told to stop, and killed if it has not ended
// within Options.Grace, or Options.Linger if it is busy.
func Run(ctx context.Context, o Options) (End, error) {
	o = o.filled()
	if err := o.Limits.check(); err != nil {
		return End{}, err
	}
	if len(o.Job) > MaxWhole {
		return End{}, tooLong(frameJob, len(o.Job), MaxWhole)
	}
	if ctx.Err() != nil {
		return End{Reason: Cancelled, Detail: detail(Cancelled, o.Limits, 0)}, nil
	}
	s, err := start(o)
	if err != nil {
		return End{}, fmt.Errorf("worker %s: %w", o.Path, err)
	}
	return s.supervise(ctx)
}

// A supervisor is one Run.
type supervisor struct {
	Options
	child   *child
	gauge   *memoryGauge
	crash   *crash
	begun   time.Time
	job     *os.File // the worker's standard input
	events  *os.File // its standard output
	crashes *os.File // its standard error

	writing sync.Mutex    // of the job pipe: one frame at a time
	quiet   chan struct{} // closed when the worker has nothing more to say
	hushed  sync.Once

	// Of the goroutine that serves.
	result []byte
	told   bool  // the result arrived
	fault  error // of the protocol

	// Of the goroutine that watches.
	cause   Reason // why the worker was ended, or told to stop; or 0
	lingers bool   // it was given more time
	peak    int64  // octets resident
	spent   time.Duration
}

// start opens the pipes and launches the command.
func start(o Options) (*supervisor, error) {
	s := &supervisor{Options: o, crash: newCrash(), quiet: make(chan struct{})}
	cmd := exec.Command(o.Path, o.Args...)
	cmd.Env = append([]string{}, o.Env...) // nil would mean ours
	cmd.Dir = o.Dir
	theirs, err := s.pipes(cmd)
	if err == nil {
		s.begun = time.Now()
		s.child, err = launch(cmd)
	}
	closeAll(theirs...)
	if err != nil {
		closeAll(s.job, s.events, s.crashes)
		return nil, err
	}
	s.gauge = newMemoryGauge(cmd.Process.Pid)
	return s, nil
}

// pipes opens the three pipes, and returns the ends that are for the worker.
func (s *supervisor) pipes(cmd *exec.Cmd) (theirs []*os.File, err error) {
	var in, out, last *os.File
	for _, p := range []struct {
		r, w **os.File
		open func() (r, w *os.File, err error)
	}{{&in, &s.job, jobPipe}, {&s.events, &out, os.Pipe}, {&s.crashes, &last, os.Pipe}} {
		if *p.r, *p.w, err = p.open(); err != nil {
			break
		}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, last
	return []*os.File{in, out, last}, err
}

// closeAll closes files, of which some may be nil or closed already.
func closeAll(files ...*os.File) {
	for _, f := range files {
		_ = f.Close()
	}
}

// verdict is how the worker ended.
func (s *supervisor) verdict() End {
	state := s.child.cmd.ProcessState
	e := evidence{result: s.told, fault: s.fault, cause: s.cause, crash: s.crash.reason, cpuMost: time.Duration(s.Limits.cpuSeconds()) * time.Second}
	e.signal, e.exit = status(state)
	e.cpu = state.UserTime() + state.SystemTime()
	end := End{
		Reason: e.reason(),
		Log:    s.crash.first,
		Stderr: s.crash.kept(),
		CPU:    e.cpu,
		Wall:   s.spent,
		Memory: max(s.peak, s.gauge.peak(state)),
	}
	end.Detail = detail(end.Reason, s.Limits, e.signal)
	switch end.Reason {
	case Done:
		end.Result = s.result
	case Killed:
		end.Signal = e.signal
	case Broken:
		if s.fault != nil {
			end.Log = s.fault.Error()
		}
	}
	if end.Log == "" && end.Reason != Done {
		end.Log = state.String()
	}
	return end
}
