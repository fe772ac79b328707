package main

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// oneWay is how long octets take through the delaying proxy, in either
// direction: a round trip is twice that.
const oneWay = 10 * time.Millisecond

// delayed starts a proxy to addr that is far away but as fast as the machine:
// octets come out oneWay after they came in, however many are on the way. It
// returns the proxy's address, and ends with ctx.
func delayed(ctx context.Context, addr string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client, addr)
		}
	}()
	return listener.Addr().String(), nil
}

// relay joins a client to the server until both directions have ended.
func relay(client net.Conn, addr string) {
	defer client.Close()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	both.Go(func() { late(server, client) })
	both.Go(func() { late(client, server) })
	both.Wait()
}

// late passes octets on, each oneWay after it came, and then the end.
func late(to, from net.Conn) {
	q := &queue{}
	q.some.L = &q.mu
	go func() {
		buf := make([]byte, chunk)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				q.put(parcel{append([]byte(nil), buf[:n]...), time.Now().Add(oneWay)})
			}
			if err != nil {
				q.put(parcel{nil, time.Now().Add(oneWay)})
				return
			}
		}
	}()
	for {
		p := q.get()
		time.Sleep(time.Until(p.due))
		if p.octets == nil {
			// The other direction goes on: after QUIT there is an answer.
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
		if _, err := to.Write(p.octets); err != nil {
			from.Close() // what else comes has nowhere to go
			_, _ = io.Copy(io.Discard, from)
			return
		}
	}
}

// A parcel is what was read at once, nil for the end, and when it is due.
type parcel struct {
	octets []byte
	due    time.Time
}

// A queue holds what is on the way, without a bound.
type queue struct {
	mu      sync.Mutex
	some    sync.Cond
	parcels []parcel
}

func (q *queue) put(p parcel) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.parcels = append(q.parcels, p)
	q.some.Signal()
}

// get waits for the next parcel.
func (q *queue) get() parcel {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.parcels) == 0 {
		q.some.Wait()
	}
	p := q.parcels[0]
	q.parcels = q.parcels[1:]
	return p
}
