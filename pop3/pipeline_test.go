package pop3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// A counted server says how often each command was given.
type counted struct {
	*hostile
	verbs map[string]*atomic.Int64
}

// honest is a server that breaks nothing, over loopback.
func honest(t testing.TB, messages [][]byte) (*pop3.Client, *counted) {
	t.Helper()
	h := &counted{&hostile{messages: messages}, map[string]*atomic.Int64{}}
	for _, verb := range []string{"RETR", "TOP", "LIST", "NOOP"} {
		h.verbs[verb] = &atomic.Int64{}
	}
	h.breach = func(_ int, commands []string, replies [][]byte) [][]byte {
		for _, command := range commands {
			verb, _, _ := strings.Cut(command, " ")
			if n := h.verbs[verb]; n != nil {
				n.Add(1)
			}
		}
		return replies
	}
	return h.session(t, insecure(nil)), h
}

func (h *counted) count(verb string) int { return int(h.verbs[verb].Load()) }

func pipeline(t testing.TB, c *pop3.Client, upcoming iter.Seq[pop3.Request]) *pop3.Pipeline {
	t.Helper()
	p, err := c.Pipeline(t.Context(), upcoming)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// wantGet gets one answer and compares it.
func wantGet(t testing.TB, p *pop3.Pipeline, messages [][]byte, n, lines int) {
	t.Helper()
	text, err := p.Get(pop3.Request{Number: n, Lines: lines})
	if err != nil {
		t.Fatalf("get %d: %v", n, err)
	}
	want := messages[n-1]
	if lines != pop3.Whole {
		want = header(want)
	}
	var got bytes.Buffer
	if _, err := text.WriteTo(&got); err != nil || !bytes.Equal(got.Bytes(), want) {
		t.Fatalf("get %d: got %.100q, %v, want %.100q", n, got.Bytes(), err, want)
	}
}

func TestPipelineInOrder(t *testing.T) {
	messages := maildrop(3000)
	for _, lines := range []int{pop3.Whole, 0} {
		c, server := honest(t, messages)
		p := pipeline(t, c, requests(len(messages), lines, func(n int) int64 { return int64(len(messages[n-1])) }))
		for n := range messages {
			wantGet(t, p, messages, n+1, lines)
		}
		if got := server.count("RETR") + server.count("TOP"); got != len(messages) {
			t.Errorf("%d messages were asked for %d times", len(messages), got)
		}
	}
}

// TestPipelineOutOfOrder: RETR of one in the midst of TOP, again and again.
func TestPipelineOutOfOrder(t *testing.T) {
	messages := maildrop(2000)
	c, server := honest(t, messages)
	p := pipeline(t, c, requests(len(messages), 0, nil))
	for n := 1; n <= len(messages); n++ {
		wantGet(t, p, messages, n, 0)
		if n%10 == 0 {
			wantGet(t, p, messages, n, pop3.Whole)
		}
	}
	if got := server.count("TOP"); got > len(messages)+len(messages)/10 {
		t.Errorf("%d headers were asked for %d times", len(messages), got)
	}
}

// TestPipelineRandomOrder: any order, of which the pipeline was told another.
func TestPipelineRandomOrder(t *testing.T) {
	messages := maildrop(1000)
	c, server := honest(t, messages)
	p := pipeline(t, c, requests(len(messages), pop3.Whole, nil))
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(messages)) {
		wantGet(t, p, messages, i+1, pop3.Whole)
	}
	if got := server.count("RETR"); got > len(messages)*11/10 {
		t.Errorf("%d messages were asked for %d times", len(messages), got)
	}
}

// TestPipelineKeepsWithinBounds: when the last of many big messages is wanted
// first, those before are dropped beyond 4 MiB, and come all the same.
func TestPipelineKeepsWithinBounds(t *testing.T) {
	messages := make([][]byte, 120)
	for i := range messages {
		messages[i] = fmt.Appendf(nil, "Subject: %d\r\n\r\n%s\r\n", i, strings.Repeat("x", 100_000+i))
	}
	c, _ := honest(t, messages)
	p := pipeline(t, c, requests(len(messages), pop3.Whole, func(n int) int64 { return int64(len(messages[n-1])) }))
	wantGet(t, p, messages, 60, pop3.Whole)
	for n := range messages {
		wantGet(t, p, messages, n+1, pop3.Whole)
	}
}

func TestPipelineUpcomingReplaced(t *testing.T) {
	messages := maildrop(600)
	c, server := honest(t, messages)
	p := pipeline(t, c, requests(len(messages), 0, nil))
	for n := 1; n <= 20; n++ {
		wantGet(t, p, messages, n, 0)
	}
	p.Upcoming(func(yield func(pop3.Request) bool) { // the same, from where it was
		for r := range requests(len(messages), 0, nil) {
			if r.Number > 20 && !yield(r) {
				return
			}
		}
	})
	for n := 21; n <= len(messages); n++ {
		wantGet(t, p, messages, n, 0)
	}
	if got := server.count("TOP"); got != len(messages) {
		t.Errorf("%d headers were asked for %d times", len(messages), got)
	}
	p.Upcoming(requests(len(messages), pop3.Whole, nil))
	wantGet(t, p, messages, 1, pop3.Whole)
	p.Upcoming(slices.Values([]pop3.Request{{Number: 300, Lines: 0}, {Number: 200, Lines: pop3.Whole}}))
	wantGet(t, p, messages, 300, 0)
	wantGet(t, p, messages, 200, pop3.Whole)
	p.Upcoming(nil)
	wantGet(t, p, messages, 2, pop3.Whole)
}

// TestPipelineSettle: other commands work in between, and nothing is lost.
func TestPipelineSettle(t *testing.T) {
	messages := maildrop(900)
	c, server := honest(t, messages)
	p := pipeline(t, c, requests(len(messages), pop3.Whole, nil))
	for n := 1; n <= len(messages); n++ {
		wantGet(t, p, messages, n, pop3.Whole)
		if n%50 != 0 {
			continue
		}
		if _, err := c.Noop(t.Context()); n == 50 && !errors.Is(err, pop3.ErrBusy) {
			t.Fatalf("NOOP with messages in flight: got %v, want ErrBusy", err)
		}
		if err := p.Settle(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Noop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := server.count("RETR"); got != len(messages) {
		t.Errorf("%d messages were asked for %d times", len(messages), got)
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Errorf("NOOP when all was got: %v", err)
	}
}

// TestPipelineRefusals: marked messages in the midst, which LIST does not know
// either, and some at the end.
func TestPipelineRefusals(t *testing.T) {
	messages := maildrop(500)
	marked := func(n int) bool { return n%7 == 0 || n > 490 }
	h := &hostile{messages: messages}
	h.breach = func(_ int, commands []string, replies [][]byte) [][]byte {
		for i, command := range commands {
			var verb string
			var n int
			if fmt.Sscan(command, &verb, &n); marked(n) {
				replies[i] = []byte("-ERR marked\r\n")
			}
		}
		return replies
	}
	for _, lines := range []int{pop3.Whole, 0} {
		c := h.session(t, insecure(nil))
		p := pipeline(t, c, requests(len(messages), lines, func(n int) int64 { return int64(len(messages[n-1])) }))
		for n := 1; n <= len(messages); n++ {
			if !marked(n) {
				wantGet(t, p, messages, n, lines)
				continue
			}
			_, err := p.Get(pop3.Request{Number: n, Lines: lines})
			if refused := (*pop3.Error)(nil); !errors.As(err, &refused) {
				t.Fatalf("get %d: got %v, want a refusal", n, err)
			}
		}
	}
}

// TestPipelineInexactSizes: a server whose sizes are not those of the messages
// is no breach, from the first message on or later.
func TestPipelineInexactSizes(t *testing.T) {
	messages := maildrop(300)
	for _, from := range []int{1, 10, 150, 300} {
		c, server := honest(t, messages)
		server.sizes = func(n int) int {
			if n >= from {
				return len(messages[n-1]) + 2
			}
			return len(messages[n-1])
		}
		for _, octets := range []func(n int) int64{nil, func(n int) int64 { return int64(server.sizes(n)) }} {
			p := pipeline(t, c, requests(len(messages), pop3.Whole, octets))
			for n := range messages {
				wantGet(t, p, messages, n+1, pop3.Whole)
			}
			p.Close()
		}
		if got := server.count("RETR"); got > 2*len(messages)+1 {
			t.Errorf("inexact from %d: %d messages were asked for %d times", from, 2*len(messages), got)
		}
	}
}

// TestPipelineStatusInText: a message that starts as a status line does is no
// breach either.
func TestPipelineStatusInText(t *testing.T) {
	messages := maildrop(100)
	for i := range messages {
		messages[i] = append([]byte("+OK not a header\r\n"), messages[i]...)
	}
	c, _ := honest(t, messages)
	for _, lines := range []int{pop3.Whole, 0} {
		p := pipeline(t, c, requests(len(messages), lines, nil))
		for n := range messages {
			wantGet(t, p, messages, n+1, lines)
		}
		p.Close()
	}
}

func TestPipelineArguments(t *testing.T) {
	messages := maildrop(3)
	c, _ := honest(t, messages)
	p := pipeline(t, c, slices.Values([]pop3.Request{{Number: 0}, {Number: 1, Lines: -2}, {Number: 2, Lines: pop3.Whole}}))
	for _, r := range []pop3.Request{{Number: 0, Lines: pop3.Whole}, {Number: -1}, {Number: 1, Lines: -2}} {
		_, err := p.Get(r)
		if argument := (*pop3.ArgumentError)(nil); !errors.As(err, &argument) {
			t.Errorf("get %v: got %v, want an ArgumentError", r, err)
		}
	}
	text, err := p.Get(pop3.Request{Number: 2, Lines: pop3.Whole})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Get(pop3.Request{Number: 1}); !errors.Is(err, pop3.ErrBusy) {
		t.Errorf("get while a text is open: got %v, want ErrBusy", err)
	}
	if err := p.Settle(); !errors.Is(err, pop3.ErrBusy) {
		t.Errorf("settle while a text is open: got %v, want ErrBusy", err)
	}
	text.Close()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Get(pop3.Request{Number: 1}); !errors.Is(err, pop3.ErrClosed) {
		t.Errorf("get after close: got %v, want ErrClosed", err)
	}
	if n, err := text.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("read after close: got %d, %v, want EOF", n, err)
	}
}

// TestPipelineOldText: a text that was closed stays so while later ones are
// read, whose memory is the same.
func TestPipelineOldText(t *testing.T) {
	messages := maildrop(50)
	c, _ := honest(t, messages)
	p := pipeline(t, c, requests(len(messages), pop3.Whole, nil))
	old, err := p.Get(pop3.Request{Number: 1, Lines: pop3.Whole})
	if err != nil {
		t.Fatal(err)
	}
	old.Close()
	text, err := p.Get(pop3.Request{Number: 2, Lines: pop3.Whole})
	if err != nil {
		t.Fatal(err)
	}
	if n, err := old.Read(make([]byte, 10)); n != 0 || err != io.EOF {
		t.Errorf("the first text: got %d, %v, want EOF", n, err)
	}
	old.Close()
	if got, err := io.ReadAll(text); err != nil || !bytes.Equal(got, messages[1]) {
		t.Errorf("the second text: got %q, %v", got, err)
	}
}

// TestPipelineCloseEarly: what is in flight is read, and the session lives.
func TestPipelineCloseEarly(t *testing.T) {
	messages := make([][]byte, 40)
	for i := range messages {
		messages[i] = bytes.Repeat([]byte("0123456789abcde\r\n"), 60_000+i)
	}
	for _, octets := range []func(n int) int64{nil, func(n int) int64 { return int64(len(messages[n-1])) }} {
		c, _ := honest(t, messages)
		p := pipeline(t, c, requests(len(messages), pop3.Whole, octets))
		text, err := p.Get(pop3.Request{Number: 1, Lines: pop3.Whole})
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(text, make([]byte, 100))
		if err := p.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if _, err := c.Noop(t.Context()); err != nil {
			t.Errorf("NOOP after close: %v", err)
		}
	}
}

// TestPipelineClientClosed: the client's Close reads nothing more.
func TestPipelineClientClosed(t *testing.T) {
	messages := [][]byte{bytes.Repeat([]byte("0123456789abcde\r\n"), 1_000_000), []byte("x\r\n")}
	c, _ := honest(t, messages)
	p := pipeline(t, c, requests(len(messages), pop3.Whole, nil))
	text, err := p.Get(pop3.Request{Number: 1, Lines: pop3.Whole})
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := p.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := io.Copy(io.Discard, text); err == nil {
		t.Error("a text that was cut: got no error")
	}
}

// TestPipelineTimeoutNamesIt: in a bubble, with the script's own server.
func TestPipelineTimeoutNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, pipelining+"C: RETR 1\nC: LIST 1\nC: RETR 2\nC: LIST 2\nS: +OK\nS: one\nS: .\nstall\n")
		p := pipeline(t, c, requests(2, pop3.Whole, nil))
		start := time.Now()
		_, err := p.Get(pop3.Request{Number: 1, Lines: pop3.Whole})
		timeout := (*pop3.TimeoutError)(nil)
		if !errors.As(err, &timeout) || timeout.Ahead != 3 || !strings.Contains(err.Error(), "3 commands sent ahead are unanswered: the server may break PIPELINING") {
			t.Errorf("got %v, want a TimeoutError for 3 commands", err)
		}
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("it took %v, want 1m", waited)
		}
		checkBroken(t, c)
	})
}

// TestPipelineCancelled: in a wait, and between answers that have arrived.
func TestPipelineCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		c := connect(t, pipelining+"C: RETR 1\nC: LIST 1\nC: RETR 2\nC: LIST 2\nS: +OK\nS: one\nS: .\nS: +OK 1 5\nstall\n")
		p, err := c.Pipeline(ctx, requests(2, pop3.Whole, nil))
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		wantGet(t, p, [][]byte{[]byte("one\r\n")}, 1, pop3.Whole)
		done := make(chan error, 1)
		go func() {
			_, err := p.Get(pop3.Request{Number: 2, Lines: pop3.Whole})
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		checkBroken(t, c)
	})
	messages := maildrop(100)
	c, _ := honest(t, messages)
	ctx, cancel := context.WithCancel(t.Context())
	p, err := c.Pipeline(ctx, requests(100, pop3.Whole, nil))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	wantGet(t, p, messages, 1, pop3.Whole)
	cancel()
	if _, err := p.Get(pop3.Request{Number: 2, Lines: pop3.Whole}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	checkBroken(t, c)
}

// TestReadTimeoutIsExact: octets that keep coming move the deadline, which is
// then neither early nor late.
func TestReadTimeoutIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, "S: +OK\nC: RETR 1\nS: +OK\ndrip 300ms octets 12345\nstall\n")
		text, err := c.Retrieve(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = io.Copy(io.Discard, text)
		if timeout := (*pop3.TimeoutError)(nil); !errors.As(err, &timeout) || timeout.Op != "read" {
			t.Errorf("got %v, want a TimeoutError", err)
		}
		if waited, want := time.Since(start), time.Minute+4*300*time.Millisecond; waited != want {
			t.Errorf("it took %v, want %v", waited, want)
		}
	})
}

// TestPipelineMemory: a message of 100 MB allocates, client and server
// together, less than 2 MiB; small ones little each.
func TestPipelineMemory(t *testing.T) {
	const size = 100_000_000 / 78 * 78
	big := &listed{messages: []pop3server.Message{{Octets: size, UniqueID: "1"}, {Octets: 78, UniqueID: "2"}}}
	small := &listed{}
	for n := range 10_000 {
		small.messages = append(small.messages, pop3server.Message{Octets: 4096 / 78 * 78, UniqueID: fmt.Sprint(n)})
	}
	for _, test := range []struct {
		name    string
		session *listed
		known   bool
		most    uint64 // octets
	}{
		{"100 MB", big, true, 2 << 20},
		{"100 MB, size unknown", big, false, 2 << 20},
		{"10,000 x 4 KiB", small, true, 2<<20 + 10_000*1500},
		{"10,000 x 4 KiB, size unknown", small, false, 2<<20 + 10_000*1500},
	} {
		addr, options := serveTCP(t, test.session.new, false)
		c := loggedIn(t, addr, options, false)
		octets := func(n int) int64 { return test.session.messages[n-1].Octets }
		if !test.known {
			octets = nil
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p := pipeline(t, c, requests(len(test.session.messages), pop3.Whole, octets))
		for n, m := range test.session.messages {
			text, err := p.Get(pop3.Request{Number: n + 1, Lines: pop3.Whole})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := text.WriteTo(io.Discard); err != nil || got != m.Octets {
				t.Fatalf("%s: got %d octets, %v, want %d", test.name, got, err, m.Octets)
			}
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > test.most {
			t.Errorf("%s: %d KiB were allocated, want at most %d", test.name, got>>10, test.most>>10)
		}
		if got := int(after.Mallocs-before.Mallocs) / len(test.session.messages); got > 20 && len(test.session.messages) > 100 {
			t.Errorf("%s: %d allocations for each message", test.name, got)
		}
		p.Close()
	}
}
