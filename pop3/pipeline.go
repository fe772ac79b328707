package pop3

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"sync"
)

// Retrieved is one message of RetrieveEach or TopEach. The Text is nil when
// the server refused it, and closed when the loop goes on.
type Retrieved struct {
	Number int // the message-number asked for
	*Text
}

// The functions below send one command for each number, in their order, and
// yield each answer in the same order. When the server offers PIPELINING (RFC
// 2449 §6.6) commands are sent ahead of their answers, by a window that grows
// from 16 to 1024 as answers come in; else one at a time. Memory does not grow
// with the count of numbers or the size of the answers.
//
// A refusal is yielded as *Error with its number, and the next answers follow;
// any other error is the last. When the loop ends early, the answers to what
// was sent ahead are read and dropped, so that the session stays in step; what
// MarkEach sent ahead is marked. Within the loop other commands are ErrBusy.

// RetrieveEach retrieves messages (RETR).
func (c *Client) RetrieveEach(ctx context.Context, numbers []int) iter.Seq2[Retrieved, error] {
	return c.textEach(ctx, "RETR", "", numbers)
}

// TopEach retrieves headers and the first lines of bodies (TOP).
func (c *Client) TopEach(ctx context.Context, numbers []int, lines int) iter.Seq2[Retrieved, error] {
	return c.textEach(ctx, "TOP", " "+strconv.Itoa(max(lines, 0)), numbers)
}

// MarkEach marks messages to be deleted at Quit (DELE), and yields each number
// with the server's refusal or nil.
func (c *Client) MarkEach(ctx context.Context, numbers []int) iter.Seq2[int, error] {
	return pipelined(ctx, c, "DELE", "", numbers, func(n int, line string) (int, error) {
		c.enter("DELE")
		return n, nil
	}, func(n int) int { return n })
}

// ListEach asks for the scan listings of messages (LIST n).
func (c *Client) ListEach(ctx context.Context, numbers []int) iter.Seq2[ScanListing, error] {
	return rowEach(ctx, c, "LIST", numbers, parseScan, func(s ScanListing) int { return s.Number },
		func(n int) ScanListing { return ScanListing{Number: n} })
}

// UIDLEach asks for the unique-ids of messages (UIDL n).
func (c *Client) UIDLEach(ctx context.Context, numbers []int) iter.Seq2[UniqueID, error] {
	return rowEach(ctx, c, "UIDL", numbers, parseUniqueID, func(u UniqueID) int { return u.Number },
		func(n int) UniqueID { return UniqueID{Number: n} })
}

func (c *Client) textEach(ctx context.Context, verb, suffix string, numbers []int) iter.Seq2[Retrieved, error] {
	return pipelined(ctx, c, verb, suffix, numbers, func(n int, line string) (Retrieved, error) {
		return Retrieved{n, &c.openText(ctx, verb, n, suffix, line, c.opts.MaxMessage, "message").Text}, nil
	}, func(n int) Retrieved { return Retrieved{Number: n} })
}

func rowEach[T any](ctx context.Context, c *Client, verb string, numbers []int, parse func(string) (T, error), number func(T) int, refused func(int) T) iter.Seq2[T, error] {
	return pipelined(ctx, c, verb, "", numbers, func(n int, line string) (T, error) {
		row, err := replyRow(line, n, parse, number)
		if err != nil {
			err = c.malformed(ctx, verb+" "+strconv.Itoa(n), line, err.Error())
		}
		return row, err
	}, refused)
}

// pipelined is the loop behind all of the above. value makes the answer of
// message n from its positive status line; refused, from none.
func pipelined[T any](ctx context.Context, c *Client, verb, suffix string, numbers []int, value func(n int, line string) (T, error), refused func(n int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		p, err := c.startPipeline(ctx, verb, suffix, numbers)
		if err != nil {
			yield(refused(0), err)
			return
		}
		defer p.stop()
		for i, n := range numbers {
			line, err := p.reply(n)
			answer := refused(n)
			if err == nil {
				answer, err = value(n, line)
			}
			going := yield(answer, err)
			if c.broken != nil && err != nil {
				return // err was the last
			}
			err = p.done(i + 1)
			if err != nil && going {
				yield(refused(n), err)
			}
			if err != nil || !going {
				return
			}
		}
	}
}

const (
	firstWindow = 16
	lastWindow  = 1024
)

// A pipeline writes commands in one goroutine while its owner reads the
// replies, so that neither can block the other when both directions are full.
type pipeline struct {
	c       *Client
	ctx     context.Context
	verb    string
	suffix  string
	unwatch func()
	text    bool // a positive reply has a text
	window  bool // PIPELINING is offered

	mu      sync.Mutex
	changed sync.Cond
	granted int // commands that may be sent
	sent    int // commands sent, or being sent
	stopped bool
	replied int // by the owner alone
	writer  sync.WaitGroup
}

func (c *Client) startPipeline(ctx context.Context, verb, suffix string, numbers []int) (*pipeline, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	for _, n := range numbers {
		if _, err := messageNumber(verb, n); err != nil {
			return nil, err
		}
	}
	if !c.tls && !c.opts.InsecureAllowPlaintext {
		return nil, ErrPlaintext
	}
	window, err := c.offers(ctx, "PIPELINING")
	if err != nil {
		return nil, err
	}
	if err := c.unasked(ctx, verb); err != nil {
		return nil, err
	}
	p := &pipeline{c: c, ctx: ctx, verb: verb, suffix: suffix, window: window, unwatch: c.stream.watch(ctx)}
	p.text = verb == "RETR" || verb == "TOP"
	p.changed.L = &p.mu
	c.piping = true
	p.grant(0)
	p.writer.Go(func() { p.write(numbers) })
	return p, nil
}

// grant widens what may be sent once replied commands were answered. It waits
// until a quarter of the window is free, so that commands go out in batches.
func (p *pipeline) grant(replied int) {
	window := 1
	if p.window {
		window = min(firstWindow+2*replied, lastWindow)
	}
	p.mu.Lock()
	if p.granted-replied <= window-max(window/4, 1) {
		p.granted = replied + window
		p.changed.Signal()
	}
	p.mu.Unlock()
}

// write sends the commands as they are granted.
func (p *pipeline) write(numbers []int) {
	var batch []byte
	for from := 0; from < len(numbers); {
		to := p.await(from, len(numbers))
		if to == from {
			return
		}
		batch = batch[:0]
		for _, n := range numbers[from:to] {
			batch = p.command(batch, n)
		}
		if _, err := p.c.stream.Write(batch); err != nil {
			return // the reader finds the connection broken, too
		}
		from = to
	}
}

// command appends one command line, traced.
func (p *pipeline) command(batch []byte, n int) []byte {
	start := len(batch)
	batch = append(batch, p.verb...)
	batch = append(batch, ' ')
	batch = strconv.AppendInt(batch, int64(n), 10)
	batch = append(batch, p.suffix...)
	if p.c.opts.Trace != nil {
		p.c.trace(TraceEvent{Sent: true, Line: string(batch[start:])})
	}
	return append(batch, "\r\n"...)
}

// await waits for a grant beyond from, and takes it; it returns from itself
// when the pipeline was stopped.
func (p *pipeline) await(from, count int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.granted <= from && !p.stopped {
		p.changed.Wait()
	}
	if p.stopped {
		return from
	}
	p.sent = min(p.granted, count)
	return p.sent
}

// reply reads the status line that answers for message n.
func (p *pipeline) reply(n int) (string, error) {
	if p.ctx.Err() != nil { // also when the answer has arrived already
		return "", p.c.fail(p.ctx, contextError(p.ctx))
	}
	line, err := p.c.readLine(p.ctx, p.verb)
	if err != nil {
		return "", err
	}
	if line == "+OK" || len(line) > 3 && line[:4] == "+OK " {
		return line, nil
	}
	return line, p.c.checkStatus(p.ctx, p.verb+" "+strconv.Itoa(n)+p.suffix, line)
}

// done ends one reply, what is left of its text included. An error is the
// session's end.
func (p *pipeline) done(replied int) error {
	p.replied = replied
	if p.c.text != nil {
		if err := p.c.text.Close(); err != nil {
			return err
		}
	}
	if err := p.c.alive(); err != nil {
		return err
	}
	if p.caughtUp(replied) {
		if err := p.c.unasked(p.ctx, p.verb); err != nil {
			return err
		}
	}
	p.grant(replied)
	return nil
}

// caughtUp reports whether everything sent was answered.
func (p *pipeline) caughtUp(replied int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent == replied
}

// stop ends the writer, and reads the replies to what it sent ahead.
func (p *pipeline) stop() {
	p.mu.Lock()
	p.stopped = true
	sent := p.sent
	p.changed.Signal()
	p.mu.Unlock()
	for p.replied < sent && p.c.alive() == nil {
		p.drop()
	}
	p.writer.Wait()
	p.unwatch()
	p.c.piping = false
}

// drop reads one reply that nobody waits for.
func (p *pipeline) drop() {
	line, err := p.reply(0)
	p.replied++
	var refused *Error
	if err != nil && !errors.As(err, &refused) {
		return // the session is dead
	}
	switch {
	case err != nil: // refused
	case p.text:
		p.c.openText(p.ctx, p.verb, 0, "", line, p.c.opts.MaxMessage, "message").Close()
	default:
		p.c.enter(p.verb)
	}
}
