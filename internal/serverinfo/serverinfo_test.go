package serverinfo_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/serverinfo"
	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

func today() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

// dialogues are options whose sessions, without TLS, are these in turn. One
// that is not played to its end fails the test, and so does a command that is
// not in it: above all RETR and DELE.
func dialogues(t *testing.T, scripts ...string) serverinfo.Options {
	var next []*pop3test.Dialer
	for _, script := range scripts {
		next = append(next, pop3test.New(t, script).Dialer(t))
	}
	return serverinfo.Options{
		Host: "pop.example.org", TLS: serverinfo.Plain, Now: today,
		Connect: func(ctx context.Context, _ string) (*pop3.Client, error) {
			if len(next) == 0 {
				return nil, errors.New("one session too many")
			}
			dialer := next[0]
			next = next[1:]
			return pop3.Dial(ctx, "pop.example.org:110", &pop3.Options{Dialer: dialer, InsecureAllowPlaintext: true})
		},
		Login: func(ctx context.Context, c *pop3.Client) (string, error) {
			return "user-pass", c.Login(ctx, "ann", "secret")
		},
	}
}

const login = `
	C: USER ann
	S: +OK
	C: PASS secret
	S: +OK
`

const quit = `
	C: QUIT
	S: +OK bye
`

// findings is a Result's, a line each.
func findings(r *serverinfo.Result) string {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s %s: %s\n", f.Level, f.Subject, f.Text)
	}
	return b.String()
}

func wantFindings(t *testing.T, r *serverinfo.Result, want ...string) {
	t.Helper()
	if text := strings.Join(want, "\n") + "\n"; findings(r) != text {
		t.Errorf("got findings\n%swant\n%s", findings(r), text)
	}
}

const noTLS = "warning TLS: there is none: anyone on the way can read and change everything"

func TestSoundMaildrop(t *testing.T) {
	caps := `
		C: CAPA
		S: +OK
		S: TOP
		S: UIDL
		S: SASL PLAIN CRAM-MD5
		S: PIPELINING
		S: EXPIRE NEVER
		S: IMPLEMENTATION Sound 1
		S: .
	`
	greet := "S: +OK ready <1.2@pop.example.org>\n"
	r, err := serverinfo.Examine(t.Context(), dialogues(t, greet+caps+login+caps+`
		C: STAT
		S: +OK 2 70053
		C: LIST
		S: +OK
		S: 1 53
		S: 2 70000
		S: .
		C: UIDL
		S: +OK
		S: 1 a
		S: 2 b
		S: .
		C: TOP 1 0
		S: +OK
		S: Subject: one
		S:
		S: .
		C: TOP 1 2
		S: +OK
		S: Subject: one
		S:
		S: first line
		S: ..second
		S: .
		C: TOP 1 65536
		S: +OK
		S: Subject: one
		S:
		S: first line
		S: ..second
		S: third and last
		S: .
		C: TOP 2 0
		S: +OK
		S: Subject: two
		S:
		S: .
	`+quit, greet+login+`
		C: UIDL
		S: +OK
		S: 1 a
		S: 2 b
		S: 3 new
		S: .
	`+quit))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	want := `{
 "host": "pop.example.org",
 "tls_mode": "insecure-plaintext",
 "examined": "2026-01-02T03:04:05Z",
 "greeting": "+OK ready \u003c1.2@pop.example.org\u003e",
 "apop_timestamp": "\u003c1.2@pop.example.org\u003e",
 "capabilities": {
  "before_login": CAPS,
  "after_login": CAPS
 },
 "mechanisms": [
  "PLAIN",
  "CRAM-MD5"
 ],
 "login": "user-pass",
 "maildrop": {
  "count": 2,
  "octets": 70053,
  "unique_ids": {
   "listed": 2,
   "missing": 0,
   "repeated": 0,
   "malformed": 0,
   "longest": 1,
   "stable": "yes"
  },
  "top": {
   "looked": 2,
   "refused": 0,
   "with_body": 0,
   "counted": 1,
   "miscounted": 0,
   "size_differ": 0
  }
 },
 "findings": [
  {
   "level": "warning",
   "subject": "TLS",
   "text": "there is none: anyone on the way can read and change everything",
   "advice": "set tls to \"implicit\" or \"starttls\""
  },
  {
   "level": "ok",
   "subject": "PIPELINING",
   "text": "many commands go in one round trip"
  },
  {
   "level": "ok",
   "subject": "unique-ids",
   "text": "2, each another, the same in two sessions"
  },
  {
   "level": "ok",
   "subject": "TOP",
   "text": "right in 2 messages looked at"
  },
  {
   "level": "ok",
   "subject": "sizes",
   "text": "LIST was right about 1 message counted"
  }
 ]
}`
	want = strings.ReplaceAll(want, "CAPS", `{
   "EXPIRE": [
    "NEVER"
   ],
   "IMPLEMENTATION": [
    "Sound",
    "1"
   ],
   "PIPELINING": [],
   "SASL": [
    "PLAIN",
    "CRAM-MD5"
   ],
   "TOP": [],
   "UIDL": []
  }`)
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestOddMaildrop(t *testing.T) {
	o := dialogues(t, `
		S: +OK ready
		C: CAPA
		S: +OK
		S: TOP
		S: uidl
		S: EXPIRE 0
		S: .
		`+login+`
		C: CAPA
		S: +OK
		S: EXPIRE 0
		S: .
		C: STAT
		S: +OK 5 500
		C: LIST
		S: +OK
		S: 1 31
		S: 2 100000
		S: 3 7
		S: 4 8
		S: 5 9
		S: .
		C: UIDL
		S: +OK
		S: 1 same
		S: 2 same
		octets 3 caf\xe9\r\n
		S: 4
		S: 5 `+strings.Repeat("x", 71)+`
		S: .
		C: TOP 1 0
		S: +OK
		S: A: b
		S:
		S: body
		S: .
		C: TOP 1 2
		S: +OK
		S: A: b
		S:
		S: body
		S: .
		C: TOP 1 65536
		S: +OK
		S: A: b
		S:
		S: body
		S: more
		S: .
		C: TOP 5 0
		S: -ERR cannot
	`+quit, `
		S: +OK ready
		`+login+`
		C: UIDL
		S: +OK
		S: 1 same
		S: .
	`+quit)
	o.Messages = 2
	r, err := serverinfo.Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	wantFindings(t, r, noTLS,
		"info PIPELINING: not offered: every command takes a round trip",
		"warning EXPIRE: 0 days: the server may remove a message as soon as it was retrieved",
		"warning unique-ids: 1 of 5 messages without one",
		"warning unique-ids: 1 of 5 repeat another's",
		"warning unique-ids: 1 of 5 have octets that RFC 1939 does not allow",
		"warning unique-ids: the longest has 71 octets, RFC 1939 allows 70",
		"info unique-ids: some were gone in the next session",
		"warning TOP: refused for 1 of 2 messages",
		"info TOP: TOP n 0 gave lines of the body for 1 of 2 messages",
		"info TOP: TOP n 2 did not give two lines of the body for 1 of 1 message",
		"info sizes: LIST announced another size than arrived for 1 of 1 message")
}

func TestServerThatKnowsLittle(t *testing.T) {
	r, err := serverinfo.Examine(t.Context(), dialogues(t, `
		S: +OK ready <no timestamp>> here
		C: CAPA
		S: -ERR unknown
		`+login+`
		C: CAPA
		S: -ERR unknown
		C: STAT
		S: +OK 1 10
		C: LIST
		S: +OK
		S: 1 10
		S: .
		C: UIDL
		S: -ERR unknown
		C: TOP 1 0
		S: -ERR unknown
	`+quit))
	if err != nil || r.Timestamp != "" || r.Maildrop.UniqueIDs != nil {
		t.Errorf("got %+v, %v", r, err)
	}
	wantFindings(t, r, noTLS,
		"info capabilities: the server does not know CAPA",
		"warning unique-ids: the server has no UIDL",
		"warning TOP: refused for 1 of 1 message")
}

func TestEmptyMaildropIsOneSession(t *testing.T) {
	r, err := serverinfo.Examine(t.Context(), dialogues(t, `
		S: +OK ready
		C: CAPA
		S: -ERR
		`+login+`
		C: CAPA
		S: -ERR
		C: STAT
		S: +OK 0 0
		C: LIST
		S: +OK
		S: .
		C: UIDL
		S: +OK
		S: .
	`+quit))
	if err != nil || r.Maildrop.Top != nil || r.Maildrop.UniqueIDs.Stable != serverinfo.Unknown {
		t.Errorf("got %+v, %v", r.Maildrop, err)
	}
	wantFindings(t, r, noTLS, "info capabilities: the server does not know CAPA")
}

// session is a first session with one message, looked at by nothing but UIDL.
func session(caps string) string {
	return "S: +OK ready\nC: CAPA\nS: +OK\n" + caps + "S: .\n" + login + "C: CAPA\nS: +OK\n" + caps + `S: .
		C: STAT
		S: +OK 1 10
		C: LIST
		S: +OK
		S: 1 10
		S: .
		C: UIDL
		S: +OK
		S: 1 a
		S: .
	` + quit
}

func TestSecondSession(t *testing.T) {
	const missed = "info unique-ids: 1, each another; a second session to compare them was not to be had"
	again := "S: +OK ready\n" + login + "C: UIDL\nS: +OK\nS: 1 b\nS: .\n" + quit
	for name, c := range map[string]struct {
		caps   string
		second []string
		want   []string
	}{
		"login delay": {"S: LOGIN-DELAY 900\n", nil,
			[]string{"info LOGIN-DELAY: 900 seconds must pass between logins", missed}},
		"delay for each user": {"S: EXPIRE 30 USER\nS: LOGIN-DELAY 900 USER\n", nil,
			[]string{"info LOGIN-DELAY: 900 seconds must pass between logins", "info EXPIRE: 30 days: after them the server may remove a message", missed}},
		"refused as if wrong": {"", []string{"S: +OK ready\nC: USER ann\nS: +OK\nC: PASS secret\nS: -ERR authentication failed\n" + quit},
			[]string{missed}},
		"refused in the greeting": {"", []string{"S: -ERR [LOGIN-DELAY] wait\n"},
			[]string{missed}},
		"other unique-ids": {"", []string{again},
			[]string{"error unique-ids: none lasted until the next session"}},
	} {
		o := dialogues(t, append([]string{session(c.caps)}, c.second...)...)
		o.Messages = -1
		r, err := serverinfo.Examine(t.Context(), o)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if want := strings.Join(append([]string{noTLS, "info PIPELINING: not offered: every command takes a round trip"}, c.want...), "\n") + "\n"; findings(r) != want {
			t.Errorf("%s: got\n%swant\n%s", name, findings(r), want)
		}
	}
}

func TestRefusedLoginKeepsWhatWasLearnt(t *testing.T) {
	r, err := serverinfo.Examine(t.Context(), dialogues(t, `
		S: +OK ready
		C: CAPA
		S: +OK
		S: SASL PLAIN
		S: .
		C: USER ann
		S: +OK
		C: PASS secret
		S: -ERR [AUTH] wrong password
	`+quit))
	var refused *pop3.Error
	if !errors.As(err, &refused) || refused.Code != pop3.CodeAuth || !strings.HasPrefix(err.Error(), "log in: ") {
		t.Errorf("got %v, want the server's refusal", err)
	}
	if r.Greeting != "+OK ready" || len(r.Mechanisms) != 1 || r.Maildrop != nil || r.Method != "" {
		t.Errorf("got %+v, want what was learnt before login", r)
	}
}

func TestFromOutsideOnly(t *testing.T) {
	o := dialogues(t, "S: +OK ready\nC: CAPA\nS: +OK\nS: PIPELINING\nS: .\n"+quit)
	o.Login, o.Host = nil, "pop.gmail.com"
	r, err := serverinfo.Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	text := findings(r)
	for _, part := range []string{"info server: With \"recent:\" before the user", "about 250 messages", "ended with QUIT"} {
		if !strings.Contains(text, part) {
			t.Errorf("got findings\n%swant %q in them", text, part)
		}
	}
}

func TestUnreachableServer(t *testing.T) {
	o := dialogues(t)
	r, err := serverinfo.Examine(t.Context(), o)
	if want := "connect: one session too many"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if r == nil || len(r.Findings) != 0 {
		t.Errorf("got %+v, want an empty result", r)
	}
}

// A connection that is cut in the middle of things is an error, and no other
// session is tried.
func TestCutSession(t *testing.T) {
	r, err := serverinfo.Examine(t.Context(), dialogues(t, "S: +OK ready\nC: CAPA\nS: -ERR\n"+login+"C: CAPA\nS: -ERR\nC: STAT\nS: +OK 1 10\nC: LIST\ncut\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "list messages: ") || r.Maildrop.Count != 1 {
		t.Errorf("got %+v, %v, want the count and the error", r.Maildrop, err)
	}
}
