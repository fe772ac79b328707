package tally

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is now in these tests.
var noon = time.Date(2026, 9, 15, 12, 0, 0, 0, time.UTC)

func clock() time.Time { return noon }

// play begins a session of a dialogue that is logged in.
func play(t *testing.T, dialogue string) *pop3.Client {
	t.Helper()
	conn := pop3test.Play(t, "S: +OK\nC: USER anna\nS: +OK\nC: PASS secret\nS: +OK\n"+dialogue)
	c, err := pop3.NewClient(t.Context(), conn, "localhost", &pop3.Options{InsecureAllowPlaintext: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Login(t.Context(), "anna", "secret"); err != nil {
		t.Fatal(err)
	}
	return c
}

// refused is a server without CAPA.
const refused = "C: CAPA\nS: -ERR\n"

// five is a maildrop: its listing, and the answers to TOP.
const five = `
	C: LIST
	S: +OK
	S: 1 1000
	S: 2 300
	S: 4 70000
	S: 5 20
	S: 6 2000
	S: .
`

const heads = refused + `
	C: TOP 1 0
	S: +OK
	S: From: Bob <Bob@Example.org>
	S: Date: Mon, 14 Sep 2026 12:00:00 +0000
	S:
	S: .
	C: TOP 2 0
	S: +OK
	S: From: News <news@shop.example>
	S: Date: Tue, 1 Sep 2026 14:00:00 +0200
	S: List-Id: Weekly deals <Deals.shop.example>
	S:
	S: .
	C: TOP 4 0
	S: +OK
	S: Sender: bob@example.org
	S: Received: from a by b; Tue, 15 Sep 2020 12:00:00 +0000
	S:
	S: .
	C: TOP 5 0
	S: -ERR no such message
	C: TOP 6 0
	S: +OK
	S: Subject: from nobody
	S: Date: Mon, 1 Jan 2035 00:00:00 +0000
	S:
	S: .
`

var (
	monday  = time.Date(2026, 9, 14, 12, 0, 0, 0, time.UTC)
	first   = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	old     = time.Date(2020, 9, 15, 12, 0, 0, 0, time.UTC)
	to2035  = time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)
	nobody  = Row{"", Sum{1, 2000, to2035, to2035}}
	newsRow = Sum{1, 300, first, first}
	bobRow  = Sum{2, 71000, old, monday}
)

// TestCount counts a maildrop each way, and sends nothing but LIST and TOP.
func TestCount(t *testing.T) {
	for _, c := range []struct {
		by   By
		want []Row
	}{
		{Sender, []Row{{"bob@example.org", bobRow}, nobody, {"news@shop.example", newsRow}}},
		{Domain, []Row{{"example.org", bobRow}, nobody, {"shop.example", newsRow}}},
		{List, []Row{{"", Sum{3, 73000, old, to2035}}, {"deals.shop.example", newsRow}}},
		{Age, []Row{
			{"up to 1 day", Sum{1, 1000, monday, monday}},
			{"up to 7 days", Sum{}},
			{"up to 30 days", newsRow},
			{"up to 90 days", Sum{}},
			{"up to 1 year", Sum{}},
			{"up to 2 years", Sum{}},
			{"up to 5 years", Sum{}},
			{"older", Sum{1, 70000, old, old}},
			{"in the future", Sum{1, 2000, to2035, to2035}},
		}},
	} {
		t.Run(string(c.by), func(t *testing.T) {
			var told []int
			got, err := Count(t.Context(), play(t, five+heads+"eof\n"), Options{By: c.by, Now: clock, Progress: func(done, total int) { told = append(told, done, total) }})
			want := &Result{By: c.by, Sum: Sum{5, 73320, old, to2035}, Rows: c.want, Unreadable: Sum{Messages: 1, Octets: 20}}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v,\nwant %+v", got, err, want)
			}
			if want := []int{1, 5, 2, 5, 3, 5, 4, 5, 5, 5}; !reflect.DeepEqual(told, want) {
				t.Errorf("progress was %v, want %v", told, want)
			}
		})
	}
}

// TestCountSize needs nothing but LIST.
func TestCountSize(t *testing.T) {
	got, err := Count(t.Context(), play(t, five+"eof\n"), Options{By: Size, Limit: 1})
	want := &Result{By: Size, Sum: Sum{Messages: 5, Octets: 73320}, Rows: []Row{
		{"up to 4K", Sum{Messages: 4, Octets: 3320}},
		{"up to 16K", Sum{}},
		{"up to 64K", Sum{}},
		{"up to 256K", Sum{Messages: 1, Octets: 70000}},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// TestCountLimit has what is beyond the limit as others.
func TestCountLimit(t *testing.T) {
	got, err := Count(t.Context(), play(t, five+heads+"eof\n"), Options{By: Sender, Limit: 1, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	if want := []Row{{"bob@example.org", bobRow}}; !reflect.DeepEqual(got.Rows, want) {
		t.Errorf("rows %+v, want %+v", got.Rows, want)
	}
	if want := (Sum{2, 2300, first, to2035}); got.Others != want {
		t.Errorf("others %+v, want %+v", got.Others, want)
	}
}

// TestCountNothing counts an empty maildrop.
func TestCountNothing(t *testing.T) {
	for _, by := range All() {
		dialogue := "C: LIST\nS: +OK\nS: .\n"
		if by != Size {
			dialogue += refused
		}
		got, err := Count(t.Context(), play(t, dialogue+"eof\n"), Options{By: by})
		if want := (&Result{By: by, Rows: []Row{}}); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("by %s: got %+v, %v, want %+v", by, got, err, want)
		}
	}
}

// TestCountPipelined asks ahead where the server can do it.
func TestCountPipelined(t *testing.T) {
	const dialogue = "C: LIST\nS: +OK\nS: 1 10\nS: 2 20\nS: .\nC: CAPA\nS: +OK\nS: PIPELINING\nS: .\n" +
		"C: TOP 1 0\nC: LIST 1\nC: TOP 2 0\nC: LIST 2\n" +
		"S: +OK\nS: From: a@example.org\nS:\nS: .\nS: +OK 1 10\nS: -ERR gone\nS: -ERR gone\neof\n"
	got, err := Count(t.Context(), play(t, dialogue), Options{By: Domain})
	want := &Result{By: Domain, Sum: Sum{Messages: 2, Octets: 30}, Rows: []Row{{"example.org", Sum{Messages: 1, Octets: 10}}}, Unreadable: Sum{Messages: 1, Octets: 20}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// TestCountCut names the message at which the connection was lost.
func TestCountCut(t *testing.T) {
	for name, dialogue := range map[string]string{
		"header of message 1": five + refused + "C: TOP 1 0\nS: +OK\nS: From: bob@example.org\ncut\n",
		"LIST":                "C: LIST\nS: +OK\nS: 1 10\ncut\n",
	} {
		got, err := Count(t.Context(), play(t, dialogue), Options{By: Sender})
		if got != nil || err == nil || !strings.Contains(err.Error(), name) || !errors.As(err, new(*pop3.ProtocolError)) {
			t.Errorf("cut in %s: got %+v, %v", name, got, err)
		}
	}
}

// TestCountInterrupted ends with its context.
func TestCountInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	_, err := Count(ctx, play(t, five+refused+"C: TOP 1 0\nS: +OK\nS:\nS: .\neof\n"), Options{By: Sender, Progress: func(done, total int) { stop() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
}

// TestHeadersLeft lets a reader leave early: what is in flight is read, and the
// session goes on.
func TestHeadersLeft(t *testing.T) {
	c := play(t, five+refused+"C: TOP 1 0\nS: +OK\nS: Subject: one\nS:\nS: .\nC: NOOP\nS: +OK\neof\n")
	listed, err := c.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for m, err := range Headers(t.Context(), c, listed) {
		if err != nil || m.Number != 1 || m.Octets != 1000 || m.Header.Subject() != "one" {
			t.Errorf("got %+v, %v", m, err)
		}
		break
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestHeadersWhole takes the header of a server that gives the whole message.
func TestHeadersWhole(t *testing.T) {
	c := play(t, refused+"C: TOP 7 0\nS: +OK\nS: Subject: one\nS:\nS: From: nobody@example.org\nrepeat 30000 S: "+strings.Repeat("x", 70)+"\nS: .\nC: NOOP\nS: +OK\neof\n")
	for m, err := range Headers(t.Context(), c, []pop3.ScanListing{{Number: 7, Octets: 2160000}}) {
		if err != nil {
			t.Fatal(err)
		}
		if m.Header.Subject() != "one" || m.Header.Has("From") || len(m.Header.Octets()) > message.MaxHeader {
			t.Errorf("got subject %q and %d octets", m.Header.Subject(), len(m.Header.Octets()))
		}
	}
	if _, err := c.Noop(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestSent takes Date, or else Received, and never what nobody can have meant.
func TestSent(t *testing.T) {
	for _, c := range []struct {
		header string
		want   time.Time
	}{
		{"Date: Mon, 14 Sep 2026 14:00:00 +0200\r\nReceived: by x; Tue, 1 Sep 2026 12:00:00 +0000\r\n\r\n", monday},
		{"Date: soon\r\nReceived: by x; Tue, 1 Sep 2026 12:00:00 +0000\r\n\r\n", first},
		{"Date: soon\r\n\r\n", time.Time{}},
		{"Date: Mon, 1 Jan 1900 00:00:00 +0000\r\n\r\n", time.Time{}},
		{"Date: Fri, 31 Dec 9999 23:59:59 -1200\r\n\r\n", time.Time{}}, // JSON has no year 10000
		{"", time.Time{}},
	} {
		got := Sent(message.ParseHeader([]byte(c.header)))
		if got != c.want {
			t.Errorf("%q: got %v, want %v", c.header, got, c.want)
		}
		if _, err := got.MarshalJSON(); err != nil {
			t.Errorf("%q: %v", c.header, err)
		}
	}
}

// TestAge has the borders of the steps.
func TestAge(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		ago  time.Duration
		want string
	}{
		{-2*day - time.Second, future},
		{-2 * day, "up to 1 day"},
		{0, "up to 1 day"},
		{day, "up to 1 day"},
		{day + time.Second, "up to 7 days"},
		{5 * 365 * day, "up to 5 years"},
		{5*365*day + time.Second, "older"},
	} {
		if got := age(noon, noon.Add(-c.ago)); got != c.want {
			t.Errorf("%v ago: got %q, want %q", c.ago, got, c.want)
		}
	}
	if got := age(noon, time.Time{}); got != noDate {
		t.Errorf("no date: got %q", got)
	}
}

// TestKeysAreBounded: neither their number nor their length is left to the
// messages, and none is lost from the sum.
func TestKeysAreBounded(t *testing.T) {
	tally := newTally(Options{By: Sender})
	const more = 10
	for i := range maxKeys + more {
		tally.add(fmt.Sprint(i), 1, noon)
	}
	tally.add("0", 1, noon)
	got := tally.result()
	if len(got.Rows) != maxKeys || got.Messages != maxKeys+more+1 {
		t.Errorf("got %d rows of %d messages, want %d of %d", len(got.Rows), got.Messages, maxKeys, maxKeys+more+1)
	}
	if want := (Sum{more, more, noon, noon}); got.Others != want {
		t.Errorf("got others %+v, want %+v", got.Others, want)
	}
	if got.Rows[0] != (Row{"0", Sum{2, 2, noon, noon}}) {
		t.Errorf("got first row %+v", got.Rows[0])
	}
	if got := short(strings.Repeat("ä", maxKey)); got != strings.Repeat("ä", maxKey/2) {
		t.Errorf("got a key of %d octets", len(got))
	}
}
