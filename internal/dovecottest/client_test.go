package dovecottest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
	"github.com/popherd/popherd/pop3"
)

// many is the size of the maildrop in most tests below: several times what a
// pipelining client sends ahead.
const many = 1000

// letter is message i: CR LF lines, a long one now and then, dots to stuff,
// 8-bit. Every tenth is stored with bare LFs, which Dovecot sends as CR LF.
func letter(i int) (stored, sent string) {
	var b strings.Builder
	fmt.Fprintf(&b, "Subject: letter %d\r\nMessage-ID: <%d@example.org>\r\n\r\n", i, i)
	for line := range i % 40 {
		fmt.Fprintf(&b, "%s%d caf\xe9 %s\r\n", strings.Repeat(".", line%4), line, strings.Repeat("x", i%97*line))
	}
	sent = b.String()
	if i%10 == 0 {
		return strings.ReplaceAll(sent, "\r\n", "\n"), sent
	}
	return sent, sent
}

// fill gives ann her letters, 1 to many, and returns what a client must get.
func fill(s *dovecottest.Server) (ann *dovecottest.User, want [][32]byte) {
	ann = s.AddUser("ann", "a b:c d")
	want = make([][32]byte, many+1)
	for i := 1; i <= many; i++ {
		stored, sent := letter(i)
		ann.Deliver([]byte(stored))
		want[i] = sha256.Sum256([]byte(sent))
	}
	return ann, want
}

// options trusts the server's CA, and allows plaintext, which TLS ignores.
func options(s *dovecottest.Server) *pop3.Options {
	return &pop3.Options{TLSConfig: &tls.Config{RootCAs: s.Pool}, InsecureAllowPlaintext: true}
}

// open is a session of ann's.
func open(ctx context.Context, t *testing.T, s *dovecottest.Server) *pop3.Client {
	t.Helper()
	c, err := pop3.Dial(ctx, s.Addr(), options(s))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(ctx, "ann", "a b:c d"); err != nil {
		t.Fatal(err)
	}
	return c
}

// numbers is from, from+step, ... to.
func numbers(from, to, step int) []int {
	var all []int
	for n := from; n <= to; n += step {
		all = append(all, n)
	}
	return all
}

// mark marks messages, pipelined.
func mark(ctx context.Context, t *testing.T, c *pop3.Client, which []int) {
	t.Helper()
	for n, err := range c.MarkEach(ctx, which) {
		if err != nil {
			t.Fatalf("mark %d: %v", n, err)
		}
	}
}

// wantLetters checks which letters are left, as files and for a new session.
func wantLetters(t *testing.T, s *dovecottest.Server, u *dovecottest.User, want []int) {
	t.Helper()
	s.WaitIdle()
	left := u.Messages()
	if len(left) != len(want) {
		t.Fatalf("maildrop: got %d messages, want %d", len(left), len(want))
	}
	for i, n := range want {
		if stored, _ := letter(n); string(left[i]) != stored {
			t.Fatalf("maildrop: message %d is %.60q, want letter %d", i+1, left[i], n)
		}
	}
	drop, err := open(t.Context(), t, s).Stat(t.Context())
	if err != nil || drop.Count != len(want) {
		t.Errorf("STAT of a new session: got %d messages, %v, want %d", drop.Count, err, len(want))
	}
}

func TestClientLogsIn(t *testing.T) {
	s := start(t, dovecottest.Options{})
	s.AddUser("ann", "a b:c d").Deliver([]byte(odd))
	type dial = func(context.Context, string, *pop3.Options) (*pop3.Client, error)
	password := func(ctx context.Context, c *pop3.Client) error { return c.Login(ctx, "ann", "a b:c d") }
	apop := func(ctx context.Context, c *pop3.Client) error {
		_, err := c.APOP(ctx, "ann", "a b:c d")
		return err
	}
	plain := func(ctx context.Context, c *pop3.Client) error {
		_, err := c.Authenticate(ctx, pop3.Plain("", "ann", "a b:c d"))
		return err
	}
	for _, c := range []struct {
		name  string
		dial  dial
		addr  string
		login func(context.Context, *pop3.Client) error
		tls   bool
	}{
		{"POP3", pop3.Dial, s.Addr(), password, false},
		{"POP3 APOP", pop3.Dial, s.Addr(), apop, false},
		{"POP3 PLAIN", pop3.Dial, s.Addr(), plain, false},
		{"STLS", pop3.DialSTLS, s.Addr(), password, true},
		{"STLS APOP", pop3.DialSTLS, s.Addr(), apop, true},
		{"STLS PLAIN", pop3.DialSTLS, s.Addr(), plain, true},
		{"POP3S", pop3.DialTLS, s.TLSAddr(), password, true},
		{"POP3S APOP", pop3.DialTLS, s.TLSAddr(), apop, true},
		{"POP3S PLAIN", pop3.DialTLS, s.TLSAddr(), plain, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := t.Context()
			session, err := c.dial(ctx, c.addr, options(s))
			if err != nil {
				t.Fatal(err)
			}
			defer session.Close()
			if err := c.login(ctx, session); err != nil {
				t.Fatal(err)
			}
			if state, ok := session.TLS(); ok != c.tls || ok && state.Version < tls.VersionTLS12 {
				t.Errorf("TLS: got %v, want %v", ok, c.tls)
			}
			if drop, err := session.Stat(ctx); err != nil || drop.Count != 1 || drop.Octets != int64(len(odd)) {
				t.Errorf("STAT: got %+v, %v, want 1 message of %d octets", drop, err, len(odd))
			}
			if _, err := session.Quit(ctx); err != nil {
				t.Errorf("QUIT: %v", err)
			}
		})
	}
}

func TestClientIsRefused(t *testing.T) {
	s := start(t, dovecottest.Options{RefusePlaintext: true})
	s.AddUser("ann", "secret")
	ctx := t.Context()

	t.Run("by itself, without the option", func(t *testing.T) {
		c, err := pop3.Dial(ctx, s.Addr(), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := c.Login(ctx, "ann", "secret"); !errors.Is(err, pop3.ErrPlaintext) {
			t.Errorf("login: got %v, want %v", err, pop3.ErrPlaintext)
		}
	})
	t.Run("by the server, with it", func(t *testing.T) {
		c, err := pop3.Dial(ctx, s.Addr(), options(s))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var refused *pop3.Error
		if err := c.Login(ctx, "ann", "secret"); !errors.As(err, &refused) {
			t.Errorf("login: got %v, want the server's refusal", err)
		}
	})
	t.Run("for a wrong password", func(t *testing.T) {
		c, err := pop3.DialSTLS(ctx, s.Addr(), options(s))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		var refused *pop3.Error
		if err := c.Login(ctx, "ann", "guess"); !errors.As(err, &refused) || refused.Code != "AUTH" {
			t.Errorf("login: got %v, want a refusal with code AUTH", err)
		}
		if err := c.Login(ctx, "ann", "secret"); err != nil {
			t.Errorf("login after a refusal: %v", err)
		}
	})
	t.Run("by a certificate it does not know", func(t *testing.T) {
		var failed *tls.CertificateVerificationError
		if c, err := pop3.DialTLS(ctx, s.TLSAddr(), nil); !errors.As(err, &failed) {
			t.Errorf("DialTLS: got %v, %v, want a certificate error", c, err)
		}
		if c, err := pop3.DialSTLS(ctx, s.Addr(), nil); !errors.As(err, &failed) {
			t.Errorf("DialSTLS: got %v, %v, want a certificate error", c, err)
		}
	})
}

func TestClientReadsEveryOctet(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann, want := fill(s)
	ctx := t.Context()

	t.Run("listed", func(t *testing.T) {
		c := open(ctx, t, s)
		scans, err := c.List(ctx)
		if err != nil || len(scans) != many {
			t.Fatalf("LIST: got %d rows, %v, want %d", len(scans), err, many)
		}
		ids, err := c.UIDL(ctx)
		if err != nil || len(ids) != many {
			t.Fatalf("UIDL: got %d rows, %v, want %d", len(ids), err, many)
		}
		seen := map[string]bool{}
		for i := range many {
			_, sent := letter(i + 1)
			if scans[i].Number != i+1 || scans[i].Octets != int64(len(sent)) {
				t.Fatalf("LIST: got %+v, want message %d with %d octets", scans[i], i+1, len(sent))
			}
			if ids[i].Number != i+1 || ids[i].ID == "" || seen[ids[i].ID] {
				t.Fatalf("UIDL: got %+v, want message %d with an id of its own", ids[i], i+1)
			}
			seen[ids[i].ID] = true
		}
	})
	t.Run("one by one", func(t *testing.T) {
		c := open(ctx, t, s)
		for n := 1; n <= many; n++ {
			text, err := c.Retrieve(ctx, n)
			if err != nil {
				t.Fatalf("retrieve %d: %v", n, err)
			}
			wantSum(t, n, text, want[n])
		}
	})
	t.Run("pipelined", func(t *testing.T) {
		c := open(ctx, t, s)
		next := many // backwards, so that no order is assumed
		var order []int
		for n := many; n >= 1; n-- {
			order = append(order, n)
		}
		for m, err := range c.RetrieveEach(ctx, order) {
			if err != nil || m.Number != next {
				t.Fatalf("retrieve: got %d, %v, want %d", m.Number, err, next)
			}
			wantSum(t, m.Number, m.Text, want[m.Number])
			next--
		}
		if next != 0 {
			t.Errorf("retrieve: ended before %d", next)
		}
	})
	wantLetters(t, s, ann, numbers(1, many, 1))
}

// wantSum reads a text to its end and compares its octets' SHA-256.
func wantSum(t *testing.T, n int, text *pop3.Text, want [32]byte) {
	t.Helper()
	var got bytes.Buffer
	if _, err := text.WriteTo(&got); err != nil {
		t.Fatalf("retrieve %d: %v", n, err)
	}
	if sha256.Sum256(got.Bytes()) != want {
		_, sent := letter(n)
		t.Fatalf("retrieve %d: got %.200q, want %.200q", n, got.String(), sent)
	}
}

func TestClientCommits300Of1000(t *testing.T) {
	s := start(t, dovecottest.Options{})
	ann, _ := fill(s)
	ctx := t.Context()

	c := open(ctx, t, s)
	marked := numbers(3, 900, 3) // 3, 6, ... 900: 300 of them
	mark(ctx, t, c, marked)
	if drop, err := c.Stat(ctx); err != nil || drop.Count != 700 {
		t.Errorf("STAT before QUIT: got %d messages, %v, want 700", drop.Count, err)
	}
	if got := ann.Count(); got != many {
		t.Errorf("maildrop before QUIT: got %d messages, want %d", got, many)
	}
	if _, err := c.Quit(ctx); err != nil {
		t.Fatalf("QUIT: %v", err)
	}

	var want []int
	for n := 1; n <= many; n++ {
		if n > 900 || n%3 != 0 {
			want = append(want, n)
		}
	}
	if len(want) != 700 {
		t.Fatalf("the test wants %d letters left, not 700", len(want))
	}
	wantLetters(t, s, ann, want)
}

// TestNothingIsRemovedWithoutCommit marks 300 messages and then ends the
// session in every way but one QUIT.
func TestNothingIsRemovedWithoutCommit(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(ctx context.Context, cancel func(), t *testing.T, c *pop3.Client)
	}{
		{"closed", func(_ context.Context, _ func(), t *testing.T, c *pop3.Client) {
			if err := c.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		}},
		{"cancelled, then quit", func(ctx context.Context, cancel func(), t *testing.T, c *pop3.Client) {
			cancel()
			if _, err := c.Quit(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, pop3.ErrCommitUnknown) {
				t.Errorf("QUIT under a cancelled context: got %v, want %v and no doubt", err, context.Canceled)
			}
		}},
		{"cancelled while retrieving, then quit", func(ctx context.Context, cancel func(), t *testing.T, c *pop3.Client) {
			var last error
			for last == nil { // what has arrived may still be given out
				for m, err := range c.RetrieveEach(ctx, numbers(901, many, 1)) {
					if err == nil {
						_, err = io.Copy(io.Discard, m)
					}
					if last = err; err != nil {
						break
					}
					if m.Number == 950 {
						cancel()
					}
				}
			}
			if !errors.Is(last, context.Canceled) {
				t.Errorf("retrieve: got %v, want %v", last, context.Canceled)
			}
			if _, err := c.Quit(context.WithoutCancel(ctx)); err == nil {
				t.Error("QUIT after the cut: got no error")
			}
		}},
		{"reset, then quit", func(ctx context.Context, _ func(), t *testing.T, c *pop3.Client) {
			if _, err := c.Reset(ctx); err != nil {
				t.Errorf("RSET: %v", err)
			}
			if _, err := c.Quit(ctx); err != nil {
				t.Errorf("QUIT: %v", err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, dovecottest.Options{})
			ann, _ := fill(s)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			session := open(ctx, t, s)
			mark(ctx, t, session, numbers(3, 900, 3))
			c.end(ctx, cancel, t, session)
			wantLetters(t, s, ann, numbers(1, many, 1))
		})
	}
}
