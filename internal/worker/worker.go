package worker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Errors of the worker's side.
var (
	// ErrNoSupervisor is Attach's: standard input is not what Run gives.
	ErrNoSupervisor = errors.New("worker: not started by a supervisor")
	// ErrStopped is why a worker's context ended: the supervisor said stop, or
	// is gone.
	ErrStopped = errors.New("worker: told to stop")
	// ErrFinished is Send's and Ask's after Finish.
	ErrFinished = errors.New("worker: finished already")
)

// A Worker is this process, as the worker of a supervisor. Its methods may be
// called from many goroutines.
type Worker struct {
	job []byte
	ctx context.Context

	mu       sync.Mutex // held over each write
	out      io.Writer
	scratch  []byte
	finished bool

	queue   sync.Mutex   // never held over a write: answers must get through while one blocks
	waiting []chan reply // for answers, in the order of the questions

	die func() // ends this process
}

// reply is one answer, or why there is none.
type reply struct {
	answer []byte
	err    error
}

// Attach makes this process the worker of the supervisor that started it, with
// its standard input and output. It sets the limits on this process, for good,
// and reads the job. Call it before anything that takes memory or opens files.
//
// The worker's context ends with ctx, and when the supervisor says stop or is
// gone. If the process lives on after that, past the grace that the supervisor
// gives, it ends itself.
func Attach(ctx context.Context, in io.Reader, out io.Writer) (*Worker, error) {
	frames := newFrameReader(in, toWorker)
	limits, grace, err := readLimits(frames)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSupervisor, err)
	}
	if err := limits.confine(); err != nil {
		return nil, fmt.Errorf("worker: %w", err)
	}
	return attach(ctx, frames, out, grace, endSelf)
}

// attach is Attach without the limits.
func attach(ctx context.Context, frames *frameReader, out io.Writer, grace time.Duration, die func()) (*Worker, error) {
	job, err := frames.next()
	if err == nil && job.what != frameJob {
		err = &frameError{fmt.Sprintf("%q, not the job", job.what)}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSupervisor, err)
	}
	frames.keep()
	ctx, stop := context.WithCancelCause(ctx)
	w := &Worker{job: job.payload, ctx: ctx, out: out, scratch: make([]byte, 0, smallFrame), die: die}
	go func() {
		w.listen(frames)
		stop(ErrStopped)
		// The supervisor kills first, if it is there.
		time.AfterFunc(grace+grace/2, w.die)
	}()
	return w, nil
}

func readLimits(frames *frameReader) (Limits, time.Duration, error) {
	f, err := frames.next()
	if err == nil && f.what != frameLimits {
		err = &frameError{fmt.Sprintf("%q, not the limits", f.what)}
	}
	if err != nil {
		return Limits{}, 0, err
	}
	return decodeLimits(f.payload)
}

// listen takes answers until there are no more.
func (w *Worker) listen(frames *frameReader) {
	for {
		f, err := frames.next()
		if err != nil {
			return
		}
		r := reply{answer: bytes.Clone(f.payload)}
		switch f.what {
		case frameAnswer:
		case frameRefusal:
			r = reply{err: errors.New(string(f.payload))}
		default:
			return
		}
		w.queue.Lock()
		if len(w.waiting) > 0 {
			w.waiting[0] <- r
			w.waiting = w.waiting[1:]
		}
		w.queue.Unlock()
	}
}

// ask writes a question, and returns where its answer will come.
func (w *Worker) ask(kind byte, question []byte) (chan reply, error) {
	answered := make(chan reply, 1) // an answer that nobody awaits any more blocks nobody
	w.mu.Lock()
	defer w.mu.Unlock()
	f := frame{what: frameQuestion, kind: kind, payload: question}
	if err := w.check(f, MaxFrame); err != nil {
		return nil, err
	}
	w.queue.Lock()
	w.waiting = append(w.waiting, answered)
	w.queue.Unlock()
	return answered, w.write(f)
}

// Job is what the supervisor gave the worker to do.
func (w *Worker) Job() []byte { return w.job }

// Context ends when the worker is to stop. Its cause is then ErrStopped, or
// that of Attach's context.
func (w *Worker) Context() context.Context { return w.ctx }

// Send gives the supervisor an event. It blocks while the supervisor is busy
// with earlier ones. If there is no supervisor any more, it ends the process.
func (w *Worker) Send(kind byte, payload []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := frame{what: frameEvent, kind: kind, payload: payload}
	if err := w.check(f, MaxFrame); err != nil {
		return err
	}
	return w.write(f)
}

// Ask gives the supervisor a question, after the events sent so far, and
// returns its answer. It ends early with ctx, and with the worker's context.
func (w *Worker) Ask(ctx context.Context, kind byte, question []byte) ([]byte, error) {
	answered, err := w.ask(kind, question)
	if err != nil {
		return nil, err
	}
	select {
	case r := <-answered:
		return r.answer, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-w.ctx.Done():
		return nil, context.Cause(w.ctx)
	}
}

// Finish gives the supervisor the result, at most MaxWhole octets. Nothing can
// be sent after it; the process is to exit with status 0.
func (w *Worker) Finish(result []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f := frame{what: frameResult, payload: result}
	if err := w.check(f, MaxWhole); err != nil {
		return err
	}
	w.finished = true
	return w.write(f)
}

// check refuses what must not be written. The caller holds mu.
func (w *Worker) check(f frame, most int) error {
	if w.finished {
		return ErrFinished
	}
	if len(f.payload) > most {
		return tooLong(f.what, len(f.payload), most)
	}
	return nil
}

// write writes a frame. The caller holds mu.
func (w *Worker) write(f frame) error {
	err := writeFrame(w.out, w.scratch, f)
	if err != nil {
		w.die() // half a frame may be written, and nobody reads it
	}
	return err
}

// endSelf ends this process without a word: there is nobody to say it to.
func endSelf() {
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
}
