package pop3

import (
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// find takes the answer to r out of those that are proven.
func (p *Pipeline) find(r Request) *entry {
	for i := p.next; i < len(p.ready); i++ {
		if !p.ready[i].is(&r) {
			continue
		}
		e := p.ready[i]
		p.place = max(p.place, e.place)
		p.keep(p.ready[p.next:i])
		p.next = i + 1
		return e
	}
	return p.kept.take(r)
}

// keep puts answers aside that are passed over for now.
func (p *Pipeline) keep(passed []*entry) {
	for _, e := range passed {
		p.kept.put(e)
	}
	for p.kept.octets > keepLimit {
		p.putBack(p.kept.drop(p.place))
	}
}

// advance reads the answers up to the end of a group. It returns wanted's
// entry if that is to be handed out while it arrives.
func (p *Pipeline) advance(wanted *Request) (*entry, error) {
	p.keep(p.ready[p.next:])
	clear(p.ready)
	p.ready, p.next = p.ready[:0], 0
	if len(p.group) == 0 {
		p.arena = p.arena[:0]
	}
	if p.flight.len() == 0 {
		return nil, p.resolve()
	}
	for p.flight.len() > 0 {
		e := p.flight.pop()
		if err := p.arrive(e, wanted); err != nil {
			return nil, err
		}
		if e.stream {
			return e, nil
		}
		done, err := p.conclude(e)
		if done || err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// conclude goes on behind an answer that has arrived whole. It reports whether
// a group has ended.
func (p *Pipeline) conclude(e *entry) (done bool, err error) {
	switch {
	case e.fence:
		return true, p.checkFence(e)
	case e.alone:
		return true, p.prove()
	}
	return false, nil
}

// arrive reads one answer, or the start of one that is wanted and large.
func (p *Pipeline) arrive(e *entry, wanted *Request) error {
	if err := p.cancelled(); err != nil {
		return err
	}
	line, err := p.c.readLine(p.ctx, textVerb(e.Lines))
	if err == nil && !isOK(line) {
		err = p.c.checkStatus(p.ctx, p.name(e), line)
	}
	p.window.answered++
	if refused := (*Error)(nil); errors.As(err, &refused) {
		e.refused = err
		p.group = append(p.group, e)
		return nil
	}
	if err != nil {
		return p.unanswered(err, e)
	}
	e.text.response = line
	p.group = append(p.group, e)
	p.c.stream.awaitText()
	p.wire = *wire.NewText(p.c.reader, p.c.opts.MaxMessage)
	if e.is(wanted) && (e.alone || e.cost > streamLimit) {
		e.stream = true
		return nil
	}
	e.dropped = e.dropped || p.closing || e.cost > keepLimit
	return p.collect(e, e.is(wanted))
}

// collect reads a text into the arena. One that is wanted may be streamed when
// it is large, another is dropped.
func (p *Pipeline) collect(e *entry, wanted bool) error {
	start := len(p.arena)
	for {
		chunk, err := p.wire.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return p.textError(e, err)
		}
		if e.dropped {
			continue
		}
		p.arena = append(p.arena, chunk...)
		if len(p.arena)-start >= len("-ERR") && !e.status {
			e.status = p.arena[start] == '+' || string(p.arena[start:start+4]) == "-ERR"
		}
		if wanted && len(p.arena)-start > streamLimit {
			e.octets, e.stream = p.arena[start:], true
			return nil
		}
		if !wanted && len(p.arena) > keepLimit {
			p.arena, e.dropped = p.arena[:start], true
		}
	}
	e.octets = p.arena[start:len(p.arena):len(p.arena)]
	p.arrived(e)
	return nil
}

// arrived notes the end of a text.
func (p *Pipeline) arrived(e *entry) {
	e.size = p.wire.Octets()
	p.c.trust.note(e)
	p.c.trace(TraceEvent{Octets: e.size})
}

// textError ends the session because of an answer's text.
func (p *Pipeline) textError(e *entry, err error) error {
	return p.c.fail(p.ctx, p.unanswered(readError(p.name(e), "message", p.c.opts.MaxMessage, err), e))
}

// unanswered adds to an error what else was in flight with e.
func (p *Pipeline) unanswered(err error, e *entry) error {
	if e.alone {
		return err
	}
	return unanswered(err, p.flight.commands()+1, p.window)
}

// name is an entry's command.
func (p *Pipeline) name(e *entry) string {
	name := textVerb(e.Lines) + " " + strconv.Itoa(e.Number)
	if e.Lines != Whole {
		name += " " + strconv.Itoa(e.Lines)
	}
	return name
}

// hand gives an answer to the caller.
func (p *Pipeline) hand(e *entry) (*Text, error) {
	p.place = max(p.place, e.place)
	if e.refused != nil {
		p.rest()
		return nil, e.refused
	}
	e.text.body, e.text.from = e, e
	p.text, p.c.text = e, &e.text
	return &e.text, nil
}

// Read implements io.Reader for the Text that was handed out.
func (e *entry) Read(b []byte) (int, error) {
	if len(e.octets) > 0 {
		n := copy(b, e.octets)
		e.octets = e.octets[n:]
		return n, nil
	}
	if e.stream {
		return e.p.wire.Read(b)
	}
	return 0, io.EOF
}

// WriteTo implements io.WriterTo.
func (e *entry) WriteTo(w io.Writer) (int64, error) {
	written := int64(0)
	if len(e.octets) > 0 {
		n, err := w.Write(e.octets)
		e.octets, written = e.octets[n:], int64(n)
		if err != nil {
			return written, err
		}
	}
	if !e.stream {
		return written, nil
	}
	n, err := e.p.wire.WriteTo(w)
	return written + n, err
}

// end implements ender: only behind the LIST that follows is a text complete.
func (e *entry) end(err error) error {
	p := e.p
	if err == io.EOF && e.stream {
		p.arrived(e)
		if failed := p.finish(e); failed != nil {
			err = failed
		}
	} else if err != io.EOF {
		err = p.textError(e, err)
	}
	e.octets = nil
	p.text = nil
	if p.c.text == &e.text {
		p.c.text = nil
	}
	if err == io.EOF {
		p.rest()
	}
	return err
}

// finish proves an answer that was handed out while it arrived.
func (p *Pipeline) finish(e *entry) error {
	done, err := p.conclude(e)
	for err == nil && (!done || slices.Contains(p.group, e)) {
		done = true
		_, err = p.advance(nil)
	}
	return err
}
