package pop3

import (
	"context"
	"errors"
	"iter"
	"strconv"
)

// Retrieved is one message of RetrieveEach or TopEach. The Text is nil when
// the server refused it, and closed when the loop goes on.
type Retrieved struct {
	Number int // the message-number asked for
	*Text
}

// The functions below send one command for each number, in their order, and
// yield each answer in the same order. When the server offers PIPELINING (RFC
// 2449 §6.6) commands are sent ahead of their answers, as a Pipeline does;
// else one at a time. Memory does not grow with the count of numbers or the
// size of the answers.
//
// A refusal is yielded as *Error with its number, and the next answers follow;
// any other error is the last. When the loop ends early, the answers to what
// was sent ahead are read and dropped, so that the session stays in step; what
// MarkEach sent ahead is marked. Within the loop other commands are ErrBusy.

// RetrieveEach retrieves messages (RETR).
func (c *Client) RetrieveEach(ctx context.Context, numbers []int) iter.Seq2[Retrieved, error] {
	return c.textEach(ctx, Whole, numbers)
}

// TopEach retrieves headers and the first lines of bodies (TOP).
func (c *Client) TopEach(ctx context.Context, numbers []int, lines int) iter.Seq2[Retrieved, error] {
	return c.textEach(ctx, max(lines, 0), numbers)
}

// MarkEach marks messages to be deleted at Quit (DELE), and yields each number
// with the server's refusal or nil.
func (c *Client) MarkEach(ctx context.Context, numbers []int) iter.Seq2[int, error] {
	return lineEach(ctx, c, "DELE", numbers, func(n int, line string) (int, error) {
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

// textEach gets every message through a Pipeline.
func (c *Client) textEach(ctx context.Context, lines int, numbers []int) iter.Seq2[Retrieved, error] {
	return func(yield func(Retrieved, error) bool) {
		p, err := c.eachPipeline(ctx, lines, numbers)
		if err != nil {
			yield(Retrieved{}, err)
			return
		}
		defer p.Close()
		for _, n := range numbers {
			text, err := p.Get(Request{Number: n, Lines: lines})
			if !yield(Retrieved{n, text}, err) || err != nil && c.alive() != nil {
				return
			}
			err = nil
			if text != nil {
				err = text.Close()
			}
			if err == nil {
				err = p.stray()
			}
			if err != nil {
				yield(Retrieved{Number: n}, err)
				return
			}
		}
	}
}

// eachPipeline starts the Pipeline of a loop, which the client is held by
// until it is closed.
func (c *Client) eachPipeline(ctx context.Context, lines int, numbers []int) (*Pipeline, error) {
	if err := checkNumbers(textVerb(lines), numbers); err != nil {
		return nil, err
	}
	return c.pipeline(ctx, func(yield func(Request) bool) {
		for _, n := range numbers {
			if !yield(Request{Number: n, Lines: lines}) {
				return
			}
		}
	}, true)
}

func checkNumbers(verb string, numbers []int) error {
	for _, n := range numbers {
		if err := checkNumber(verb, n); err != nil {
			return err
		}
	}
	return nil
}

func rowEach[T any](ctx context.Context, c *Client, verb string, numbers []int, parse func(string) (T, error), number func(T) int, refused func(int) T) iter.Seq2[T, error] {
	return lineEach(ctx, c, verb, numbers, func(n int, line string) (T, error) {
		row, err := replyRow(line, n, parse, number)
		if err != nil {
			err = c.malformed(ctx, verb+" "+strconv.Itoa(n), line, err.Error())
		}
		return row, err
	}, refused)
}

// lineEach is the loop behind those that are answered by status lines. value
// makes the answer of message n from its line; refused, from none.
func lineEach[T any](ctx context.Context, c *Client, verb string, numbers []int, value func(n int, line string) (T, error), refused func(n int) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		l, err := c.startLines(ctx, verb, numbers)
		if err != nil {
			yield(refused(0), err)
			return
		}
		defer l.stop()
		for _, n := range numbers {
			l.ahead()
			line, err := l.reply(n)
			answer := refused(n)
			if err == nil {
				answer, err = value(n, line)
			}
			going := yield(answer, err)
			if c.broken != nil && err != nil {
				return // err was the last
			}
			err = l.stray()
			if err != nil && going {
				yield(refused(n), err)
			}
			if err != nil || !going {
				return
			}
		}
	}
}

// lines is a run of commands that are answered by one line each.
type lines struct {
	c        *Client
	ctx      context.Context
	verb     string
	numbers  []int
	unwatch  func()
	window   window
	out      sender
	sent     int
	answered int
}

func (c *Client) startLines(ctx context.Context, verb string, numbers []int) (*lines, error) {
	if err := c.ready(); err != nil {
		return nil, err
	}
	if err := checkNumbers(verb, numbers); err != nil {
		return nil, err
	}
	ahead, err := c.mayPipeline(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.unasked(ctx, verb); err != nil {
		return nil, err
	}
	l := &lines{c: c, ctx: ctx, verb: verb, numbers: numbers, unwatch: c.stream.watch(ctx), window: newWindow(ahead)}
	l.out.c = c
	c.piping = true
	return l, nil
}

// ahead sends what the window has room for.
func (l *lines) ahead() {
	size := l.window.size()
	if l.sent-l.answered > l.window.low() {
		return
	}
	direct := l.sent == l.answered && size == 1
	for ; l.sent < len(l.numbers) && l.sent-l.answered < size; l.sent++ {
		l.out.command(l.verb, l.numbers[l.sent], Whole)
	}
	l.out.flush(direct)
}

// reply reads the status line that answers for message n.
func (l *lines) reply(n int) (string, error) {
	if l.ctx.Err() != nil { // also when the answer has arrived already
		return "", l.c.fail(l.ctx, contextError(l.ctx))
	}
	line, err := l.c.readLine(l.ctx, l.verb)
	if err == nil && !isOK(line) {
		err = l.c.checkStatus(l.ctx, l.verb+" "+strconv.Itoa(n), line)
	}
	err = unanswered(err, l.sent-l.answered, l.window)
	l.answered++
	l.window.answered++
	return line, err
}

// isOK reports whether a line is positive beyond doubt.
func isOK(line string) bool {
	return line == "+OK" || len(line) > 3 && line[:4] == "+OK "
}

// stray fails the session when all was answered and more has arrived.
func (l *lines) stray() error {
	if err := l.c.alive(); err != nil || l.sent > l.answered {
		return err
	}
	return l.c.unasked(l.ctx, l.verb)
}

// stop reads the replies to what was sent ahead.
func (l *lines) stop() {
	for l.answered < l.sent && l.c.alive() == nil {
		_, err := l.reply(l.numbers[l.answered])
		if refused := (*Error)(nil); err != nil && !errors.As(err, &refused) {
			break // the session is dead
		}
		if err == nil {
			l.c.enter(l.verb)
		}
	}
	l.out.wait()
	l.unwatch()
	l.c.piping = false
}
