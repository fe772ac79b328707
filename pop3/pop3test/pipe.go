package pop3test

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// newPipe returns the two ends of a connection in memory. Unlike net.Pipe it
// holds octets until they are read, as a network does, and unlike a network
// one read never returns octets of two writes, so that tests are repeatable.
// It blocks only in ways that a synctest bubble knows.
func newPipe() (client, server net.Conn) {
	up, down := newQueue(), newQueue()
	return &pipeEnd{in: down, out: up}, &pipeEnd{in: up, out: down}
}

// maxQueued is how many octets wait to be read before writes block.
const maxQueued = 256 << 10

// A queue is one direction.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond
	writes  [][]byte // each of one write, not empty
	size    int
	ended   bool // by the writer: io.EOF after what is queued
	left    bool // by the reader: what is written is lost
	lost    bool // something was
	read    deadline
	write   deadline
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// A deadline wakes who waits on a queue.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// set moves a deadline of q.
func (q *queue) set(d *deadline, at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
	d.at = at
	if !at.IsZero() {
		d.timer = time.AfterFunc(time.Until(at), q.wake)
	}
	q.changed.Broadcast()
}

func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

func (q *queue) get(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case q.left:
			return 0, net.ErrClosed
		case q.read.passed():
			return 0, os.ErrDeadlineExceeded
		case q.size > 0:
			n := copy(p, q.writes[0])
			q.size -= n
			if q.writes[0] = q.writes[0][n:]; len(q.writes[0]) == 0 {
				q.writes = q.writes[1:]
			}
			q.changed.Broadcast()
			return n, nil
		case q.ended:
			return 0, io.EOF
		}
		q.changed.Wait()
	}
}

func (q *queue) put(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case q.ended:
			return 0, net.ErrClosed
		case q.write.passed():
			return 0, os.ErrDeadlineExceeded
		case q.left && q.lost:
			return 0, io.ErrClosedPipe
		case q.left:
			q.lost = true // as in TCP, the first write is not known to be lost
			return len(p), nil
		case len(p) == 0:
			return 0, nil
		case q.size < maxQueued:
			q.writes = append(q.writes, append([]byte(nil), p...))
			q.size += len(p)
			q.changed.Broadcast()
			return len(p), nil
		}
		q.changed.Wait()
	}
}

func (q *queue) end(byWriter bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if byWriter {
		q.ended = true
	} else {
		q.left = true
		q.writes, q.size = nil, 0
	}
	q.changed.Broadcast()
}

type pipeEnd struct{ in, out *queue }

func (e *pipeEnd) Read(p []byte) (int, error)  { return e.in.get(p) }
func (e *pipeEnd) Write(p []byte) (int, error) { return e.out.put(p) }

func (e *pipeEnd) Close() error {
	e.in.end(false)
	e.out.end(true)
	return e.SetDeadline(time.Time{}) // no timer outlives the connection
}

func (e *pipeEnd) SetDeadline(t time.Time) error {
	e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}

func (e *pipeEnd) SetReadDeadline(t time.Time) error {
	e.in.set(&e.in.read, t)
	return nil
}

func (e *pipeEnd) SetWriteDeadline(t time.Time) error {
	e.out.set(&e.out.write, t)
	return nil
}

func (e *pipeEnd) LocalAddr() net.Addr  { return pipeAddr{} }
func (e *pipeEnd) RemoteAddr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pop3test" }
func (pipeAddr) String() string  { return "pop3test" }
