package tally

import (
	"context"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// generated is a maildrop of many messages, none of which is kept.
type generated int

func (generated) Login(context.Context, string, string) error { return nil }
func (generated) Update(context.Context, []int) error         { return fmt.Errorf("somebody said QUIT") }
func (generated) Close() error                                { return nil }

func (g generated) List(context.Context) ([]pop3server.Message, error) {
	var all []pop3server.Message
	for i := range int(g) {
		all = append(all, pop3server.Message{Octets: 1000, UniqueID: fmt.Sprint(i)})
	}
	return all, nil
}

// Open gives every tenth message to one sender, and each other to one of its
// own, behind a large field.
func (g generated) Open(_ context.Context, index int) (io.ReadCloser, error) {
	from := "news@example.org"
	if index%10 != 0 {
		from = fmt.Sprintf("%d@example.org", index)
	}
	return io.NopCloser(strings.NewReader("X-Large: " + strings.Repeat("x", 900) + "\r\nFrom: " + from + "\r\n\r\nbody\r\n")), nil
}

// TestCountLarge counts 100,000 messages in bounded memory.
func TestCountLarge(t *testing.T) {
	const many = 100_000
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &pop3server.Server{
		NewSession:        func(pop3server.Conn) (pop3server.Session, error) { return generated(many), nil },
		InsecureAllowAuth: true,
	}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	c, err := pop3.Dial(t.Context(), l.Addr().String(), &pop3.Options{InsecureAllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Login(t.Context(), "anna", "secret"); err != nil {
		t.Fatal(err)
	}
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	got, err := Count(t.Context(), c, Options{By: Sender, Limit: 20, Progress: func(done, total int) {
		if done%25_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got.Messages != many || len(got.Rows) != 20 || got.Rows[0].Key != "news@example.org" || got.Rows[0].Messages != many/10 {
		t.Errorf("got %d messages, %d rows, first %+v", got.Messages, len(got.Rows), got.Rows[0])
	}
	// The server's own listing of them is some 10 MB of it; 100 MB are read.
	if grown := most - min(most, before.HeapAlloc); grown > 48<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	} else {
		t.Logf("the heap has grown by %d MB", grown>>20)
	}
}
