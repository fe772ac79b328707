package pop3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// A sender writes commands in a goroutine of its own while its owner reads the
// replies, so that neither can block the other when both directions are full.
// The goroutine lives as long as there is something to write.
type sender struct {
	c     *Client
	batch []byte // commands that flush will send

	mu      sync.Mutex
	queued  []byte // handed to the goroutine
	spare   []byte // what it wrote before, to be used again
	writing bool
	writer  sync.WaitGroup
}

// command appends one command line, traced. lines is TOP's argument; others
// have Whole.
func (s *sender) command(verb string, n, lines int) {
	start := len(s.batch)
	s.batch = append(s.batch, verb...)
	s.batch = append(s.batch, ' ')
	s.batch = strconv.AppendInt(s.batch, int64(n), 10)
	if lines != Whole {
		s.batch = append(s.batch, ' ')
		s.batch = strconv.AppendInt(s.batch, int64(lines), 10)
	}
	if s.c.opts.Trace != nil {
		s.c.trace(TraceEvent{Sent: true, Line: string(s.batch[start:])})
	}
	s.batch = append(s.batch, "\r\n"...)
}

// flush sends the batch. direct is for one command with nothing in flight,
// which needs no goroutine. Errors of writing are left to the reader, who
// finds the connection broken, too.
func (s *sender) flush(direct bool) {
	if len(s.batch) == 0 {
		return
	}
	if direct {
		s.c.stream.Write(s.batch)
		s.batch = s.batch[:0]
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queued = append(s.queued, s.batch...)
	s.batch = s.batch[:0]
	if !s.writing {
		s.writing = true
		s.writer.Go(s.write)
	}
}

func (s *sender) write() {
	for {
		s.mu.Lock()
		octets := s.queued
		s.queued, s.spare = s.spare[:0], octets
		s.writing = len(octets) > 0
		s.mu.Unlock()
		if len(octets) == 0 {
			return
		}
		if _, err := s.c.stream.Write(octets); err != nil {
			return // and writing stays set: nothing can follow
		}
	}
}

// wait waits until the goroutine has ended. The connection must be closed, or
// all that was sent answered.
func (s *sender) wait() { s.writer.Wait() }

const (
	firstWindow = 256
	lastWindow  = 4096

	// windowGrowth is how much wider the window is for each answer: eight
	// times in one round trip, so that 500 messages need two of them.
	windowGrowth = 7
)

// A window bounds how many commands are unanswered.
type window struct {
	most     int // 1 without PIPELINING
	answered int
}

func newWindow(ahead bool) window {
	if !ahead {
		return window{most: 1}
	}
	return window{most: lastWindow}
}

func (w window) size() int {
	if w.answered > lastWindow {
		return w.most
	}
	return min(firstWindow+windowGrowth*w.answered, w.most)
}

// low is how many may be unanswered when more are sent: a quarter of the
// window must be free, so that commands go out in batches.
func (w window) low() int { return w.size() - max(w.size()/4, 1) }

// mayPipeline reports whether commands may be sent ahead of their answers.
func (c *Client) mayPipeline(ctx context.Context) (bool, error) {
	if !c.tls && !c.opts.InsecureAllowPlaintext {
		return false, ErrPlaintext
	}
	if c.opts.NoPipelining {
		return false, nil
	}
	return c.offers(ctx, "PIPELINING")
}

// unanswered adds to an error that ended the session how many commands were
// unanswered then: without that, nobody thinks of PIPELINING.
func unanswered(err error, count int, w window) error {
	if err == nil || w.most == 1 || count < 1 {
		return err
	}
	var (
		refused  *Error
		timeout  *TimeoutError
		protocol *ProtocolError
		limit    *LimitError
	)
	switch {
	case errors.As(err, &refused), errors.As(err, &limit), errors.Is(err, context.Canceled), errors.Is(err, net.ErrClosed):
		return err
	case errors.As(err, &timeout):
		if timeout.Op == "command" || timeout.Op == "read" {
			timeout.Ahead = count
		}
		return err
	case errors.As(err, &protocol):
		protocol.Ahead = count
		return err
	}
	return fmt.Errorf("%w%s", err, aheadNote(count))
}

// aheadNote is the end of a message about count unanswered commands.
func aheadNote(count int) string {
	switch count {
	case 0:
		return ""
	case 1:
		return "; a command sent ahead is unanswered: the server may break PIPELINING, which can be switched off"
	}
	return fmt.Sprintf("; %d commands sent ahead are unanswered: the server may break PIPELINING, which can be switched off", count)
}
