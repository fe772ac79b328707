package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// supervise serves the worker to its end.
func (s *supervisor) supervise(ctx context.Context) (End, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	// A handler that panics leaves nothing behind either.
	defer func() {
		s.child.kill()
		<-s.child.ended
		parts.Wait()
		closeAll(s.job, s.events, s.crashes)
		s.gauge.close()
	}()
	parts.Go(func() { s.crash.read(s.crashes) })
	parts.Go(s.feed)
	parts.Go(func() {
		defer cancel(nil) // nobody is left to ask a question
		s.watch(ctx, &parts)
	})
	err := s.serve(ctx, cancel)
	<-s.child.ended
	parts.Wait()
	return s.verdict(), err
}

// feed gives the worker its limits and its job. A worker that does not take
// them is not waited for: the pipe breaks when it ends.
func (s *supervisor) feed() {
	if s.tell(frame{what: frameLimits, payload: s.Limits.encode(s.Grace + s.Linger)}) == nil {
		_ = s.tell(frame{what: frameJob, payload: s.Job})
	}
}

// tell writes a frame on the job pipe.
func (s *supervisor) tell(f frame) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	return writeFrame(s.job, make([]byte, 0, smallFrame), f)
}

// serve handles the worker's frames until there are no more. After an error of
// Event it only looks for the result.
func (s *supervisor) serve(ctx context.Context, cancel context.CancelCauseFunc) (failed error) {
	defer s.hush()
	frames := newFrameReader(lastWords{s}, fromWorker)
	for {
		f, err := frames.next()
		switch {
		case err != nil:
			s.lost(err)
			return failed
		case s.told:
			s.lost(&frameError{fmt.Sprintf("%q after the result", f.what)})
			return failed
		case f.what == frameResult:
			s.result, s.told = f.payload, true
			frames.keep()
			s.hush()
		case f.what == frameQuestion:
			s.answer(ctx, f)
		case failed == nil && s.Event != nil:
			if failed = s.Event(f.kind, f.payload); failed != nil {
				cancel(failed)
			}
		}
	}
}

// lost ends a worker that no longer makes sense. One that ended, or was killed,
// may have done so within a frame.
func (s *supervisor) lost(err error) {
	var fault *frameError
	if !errors.As(err, &fault) {
		return
	}
	s.fault = fault
	s.child.kill()
}

// answer answers one question. A worker that was told to stop gets no answer:
// its context has ended, and the job pipe is closed.
func (s *supervisor) answer(ctx context.Context, question frame) {
	if ctx.Err() != nil {
		return
	}
	answer, err := []byte(nil), errors.New("nobody answers questions")
	if s.Answer != nil {
		answer, err = s.Answer(ctx, question.kind, question.payload)
	}
	if ctx.Err() != nil {
		return
	}
	if len(answer) > MaxFrame {
		err = tooLong(frameAnswer, len(answer), MaxFrame)
	}
	reply := frame{what: frameAnswer, kind: question.kind, payload: answer}
	if err != nil {
		text := err.Error()
		reply.what, reply.payload = frameRefusal, []byte(text[:min(len(text), MaxFrame)])
	}
	_ = s.tell(reply) // the pipe is broken or closed if the worker is not there for it
}

// hush says that the worker has nothing more to say.
func (s *supervisor) hush() { s.hushed.Do(func() { close(s.quiet) }) }

// lastWords reads events. When the worker is dead, what is in the pipe is still
// read, but not waited for long: something else may hold the pipe open.
type lastWords struct{ s *supervisor }

// Read implements io.Reader.
func (r lastWords) Read(p []byte) (int, error) {
	select {
	case <-r.s.child.ended:
		_ = r.s.events.SetReadDeadline(time.Now().Add(r.s.Grace)) // no deadlines: Windows, where nothing inherits the pipe
	default:
	}
	n, err := r.s.events.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = io.EOF
	}
	return n, err
}
