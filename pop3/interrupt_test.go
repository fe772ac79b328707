package pop3_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// A wait is a moment at which a server says nothing more.
type wait struct {
	name   string
	script string // ends in stall
	login  bool   // the session is there before the wait
	do     func(ctx context.Context, c *pop3.Client, o *pop3.Options) error
}

const greeted = "S: +OK\n"
const pipelining = greeted + "C: CAPA\nS: +OK\nS: PIPELINING\nS: .\n"

var waits = []wait{
	{"greeting", "stall", false, func(ctx context.Context, _ *pop3.Client, o *pop3.Options) error {
		_, err := pop3.Dial(ctx, pop3test.Host+":110", o)
		return err
	}},
	{"handshake", "stall", false, func(ctx context.Context, _ *pop3.Client, o *pop3.Options) error {
		_, err := pop3.DialTLS(ctx, pop3test.Host+":995", o)
		return err
	}},
	{"handshake of STLS", greeted + "C: CAPA\nS: +OK\nS: STLS\nS: .\nC: STLS\nS: +OK\nstall", false, func(ctx context.Context, _ *pop3.Client, o *pop3.Options) error {
		_, err := pop3.DialSTLS(ctx, pop3test.Host+":110", o)
		return err
	}},
	{"CAPA before STLS", greeted + "C: CAPA\nstall", false, func(ctx context.Context, _ *pop3.Client, o *pop3.Options) error {
		_, err := pop3.DialSTLS(ctx, pop3test.Host+":110", o)
		return err
	}},
	{"command", greeted + "C: NOOP\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		_, err := c.Noop(ctx)
		return err
	}},
	{"half a status line", greeted + "C: NOOP\noctets +O\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		_, err := c.Noop(ctx)
		return err
	}},
	{"listing", greeted + "C: LIST\nS: +OK\nS: 1 1\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		_, err := c.List(ctx)
		return err
	}},
	{"text", greeted + "C: RETR 1\nS: +OK\nS: a\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		text, err := c.Retrieve(ctx, 1)
		if err == nil {
			_, err = io.Copy(io.Discard, text)
		}
		return err
	}},
	{"closing a text", greeted + "C: RETR 1\nS: +OK\nS: a\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		text, err := c.Retrieve(ctx, 1)
		if err == nil {
			err = text.Close()
		}
		return err
	}},
	{"challenge", greeted + "C: AUTH X-TEST\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		_, err := c.Authenticate(ctx, &scripted{mech: "X-TEST"})
		return err
	}},
	{"pipeline", pipelining + "C: DELE 1\nC: DELE 2\nS: +OK\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		var last error
		for _, err := range c.MarkEach(ctx, []int{1, 2}) {
			last = err
		}
		return last
	}},
	{"pipeline left early", pipelining + "C: DELE 1\nC: DELE 2\nS: +OK\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		for range c.MarkEach(ctx, []int{1, 2}) {
			break
		}
		return ctx.Err() // the loop's own errors are its answers'
	}},
	{"reading ahead", pipelining + "C: RETR 1\nC: LIST 1\nC: RETR 2\nC: LIST 2\nS: +OK\nS: a\nS: .\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		p, err := c.Pipeline(ctx, requests(2, pop3.Whole, nil))
		if err != nil {
			return err
		}
		defer p.Close()
		_, err = p.Get(pop3.Request{Number: 1, Lines: pop3.Whole})
		return err
	}},
	{"settling", pipelining + "C: RETR 1\nC: LIST 1\nC: RETR 2\nC: LIST 2\nS: +OK\nS: a\nS: .\nS: +OK 1 3\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		p, err := c.Pipeline(ctx, requests(2, pop3.Whole, nil))
		if err != nil {
			return err
		}
		defer p.Close()
		return p.Settle()
	}},
	{"QUIT", greeted + "C: QUIT\nstall", true, func(ctx context.Context, c *pop3.Client, _ *pop3.Options) error {
		_, err := c.Quit(ctx)
		return err
	}},
}

// eachWait runs f at each of the waits, in a bubble: ctx is what the wait is
// under, and done tells its error.
func eachWait(t *testing.T, f func(t *testing.T, ctx context.Context, w wait, c *pop3.Client, done <-chan error)) {
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := pop3test.New(t, w.script)
				o := insecure(nil)
				o.Dialer = d.Dialer(t)
				o.TLSConfig = d.CA(t).ClientConfig()
				var c *pop3.Client
				if w.login {
					var err error
					if c, err = pop3.Dial(t.Context(), pop3test.Host+":110", o); err != nil {
						t.Fatal(err)
					}
					defer c.Close()
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				ctx = context.WithValue(ctx, cancelKey{}, cancel)
				done := make(chan error, 1)
				go func() { done <- w.do(ctx, c, o) }()
				synctest.Wait() // until the server has nothing more to say
				select {
				case err := <-done:
					t.Fatalf("it ended by itself: %v", err)
				default:
				}
				f(t, ctx, w, c, done)
			})
		})
	}
}

// cancelKey is where eachWait's context keeps its end.
type cancelKey struct{}

func checkBroken(t *testing.T, c *pop3.Client) {
	t.Helper()
	if c == nil {
		return
	}
	if _, err := c.Noop(t.Context()); !errors.Is(err, pop3.ErrBroken) && !errors.Is(err, pop3.ErrClosed) {
		t.Errorf("NOOP after it: got %v, want ErrBroken or ErrClosed", err)
	}
	if got := c.State(); got != pop3.Closed {
		t.Errorf("state after it: got %v, want CLOSED", got)
	}
}

func TestCancel(t *testing.T) {
	errWhim := errors.New("changed my mind")
	eachWait(t, func(t *testing.T, ctx context.Context, w wait, c *pop3.Client, done <-chan error) {
		start := time.Now()
		ctx.Value(cancelKey{}).(context.CancelCauseFunc)(errWhim)
		err := <-done
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		if w.name != "pipeline left early" && !errors.Is(err, errWhim) {
			t.Errorf("got %v, want the cause of the cancellation", err)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("it took %v", waited)
		}
		checkBroken(t, c)
	})
}

// TestCloseFromElsewhere: Close ends every wait of another goroutine.
func TestCloseFromElsewhere(t *testing.T) {
	eachWait(t, func(t *testing.T, ctx context.Context, w wait, c *pop3.Client, done <-chan error) {
		if c == nil {
			ctx.Value(cancelKey{}).(context.CancelCauseFunc)(nil)
			<-done
			return
		}
		start := time.Now()
		c.Close()
		if err := <-done; err == nil && w.name != "pipeline left early" {
			t.Error("got no error")
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("it took %v", waited)
		}
		checkBroken(t, c)
	})
}

// TestContextDeadline: a context's deadline is a timeout, for net's and for
// context's callers.
func TestContextDeadline(t *testing.T) {
	for _, w := range waits {
		if w.name == "pipeline left early" {
			continue
		}
		t.Run(w.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := pop3test.New(t, w.script)
				o := insecure(nil)
				o.Dialer = d.Dialer(t)
				o.TLSConfig = d.CA(t).ClientConfig()
				var c *pop3.Client
				if w.login {
					c, _ = pop3.Dial(t.Context(), pop3test.Host+":110", o)
					defer c.Close()
				}
				start := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				err := w.do(ctx, c, o)
				timeout := (*pop3.TimeoutError)(nil)
				if !errors.As(err, &timeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("got %v, want a TimeoutError that is context.DeadlineExceeded", err)
				}
				if waited := time.Since(start); waited != 5*time.Second {
					t.Errorf("it took %v, want 5s", waited)
				}
				checkBroken(t, c)
			})
		})
	}
}

// TestCancelledBefore: nothing is sent under a context that has ended.
func TestCancelledBefore(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func(c *pop3.Client) error{
		"NOOP": func(c *pop3.Client) error { _, err := c.Noop(ctx); return err },
		"QUIT": func(c *pop3.Client) error { _, err := c.Quit(ctx); return err },
		"LIST": func(c *pop3.Client) error { _, err := c.List(ctx); return err },
		"DELE": func(c *pop3.Client) error { _, err := c.Mark(ctx, 1); return err },
		"RETR": func(c *pop3.Client) error { _, err := c.Retrieve(ctx, 1); return err },
		"STLS": func(c *pop3.Client) error { _, err := c.STLS(ctx, nil); return err },
		"AUTH": func(c *pop3.Client) error { _, err := c.Authenticate(ctx, pop3.Plain("", "a", "b")); return err },
	} {
		t.Run(name, func(t *testing.T) {
			c := connect(t, greeted)
			if err := call(c); !errors.Is(err, context.Canceled) || errors.Is(err, pop3.ErrCommitUnknown) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
	}
}

// TestCancelledAfter: a context that ends after its call was answered is of no
// matter to the next.
func TestCancelledAfter(t *testing.T) {
	const script = greeted + "C: RETR 1\nS: +OK\nS: a\nS: .\nC: LIST\nS: +OK\nS: .\nC: RSET\nS: +OK\n" +
		"C: CAPA\nS: +OK\nS: PIPELINING\nS: .\nC: DELE 1\nS: +OK\nC: NOOP\nS: +OK\n"
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, script)
		ctx, cancel := context.WithCancel(t.Context())
		text, err := c.Retrieve(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(text); err != nil {
			t.Fatal(err)
		}
		if _, err := c.List(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Reset(ctx); err != nil {
			t.Fatal(err)
		}
		for _, err := range c.MarkEach(ctx, []int{1}) {
			if err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		synctest.Wait() // until nothing is left to hear of it
		if _, err := c.Noop(t.Context()); err != nil {
			t.Errorf("NOOP after it: %v", err)
		}
	})
}

// TestCancelBetweenReads: a text is under its command's context to the end.
func TestCancelBetweenReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, greeted+"C: RETR 1\nS: +OK\nS: a\nstall\n")
		ctx, cancel := context.WithCancel(t.Context())
		text, err := c.Retrieve(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		io.ReadFull(text, make([]byte, 3))
		cancel()
		if _, err := text.Read(make([]byte, 10)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
		checkBroken(t, c)
	})
}

// TestCancelInLoop: answers that have arrived already are not given either.
func TestCancelInLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := connect(t, pipelining+"C: DELE 1\nC: DELE 2\nC: DELE 3\ntogether\nrepeat 3 S: +OK\nend\n")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var got []error
		for _, err := range c.MarkEach(ctx, []int{1, 2, 3}) {
			got = append(got, err)
			cancel()
			synctest.Wait()
		}
		if len(got) != 2 || got[0] != nil || !errors.Is(got[1], context.Canceled) {
			t.Errorf("got %v, want one answer and context.Canceled", got)
		}
		checkBroken(t, c)
	})
}
