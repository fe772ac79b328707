package pop3server_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/pop3/pop3server"
)

// saslSession is a stub that takes mechanisms of its own: X-STEPS goes through
// steps, X-REFUSED cannot be started.
type saslSession struct {
	*stub
	offered []string
	steps   []step
	asked   string // the mechanism last started
}

// A step is what an exchange wants, "none" being no response, and answers.
type step struct {
	want, challenge string
	done            bool
	err             error
}

func (s *saslSession) new(pop3server.Conn) (pop3server.Session, error) { return s, nil }

func (s *saslSession) Mechanisms() []string { return s.offered }

func (s *saslSession) SASL(_ context.Context, mechanism string) (pop3server.SASLExchange, error) {
	s.asked = mechanism
	if mechanism == "X-REFUSED" {
		return nil, pop3server.ErrInUse
	}
	return &stepper{slices.Clone(s.steps)}, nil
}

type stepper struct{ steps []step }

func (s *stepper) Next(response []byte) ([]byte, bool, error) {
	step := s.steps[0]
	if len(s.steps) > 1 {
		s.steps = s.steps[1:]
	}
	got := string(response)
	if response == nil {
		got = "none"
	}
	if got != step.want && step.want != "any" {
		return nil, true, &pop3server.Error{Text: "got " + got + ", want " + step.want}
	}
	return []byte(step.challenge), step.done, step.err
}

func startSASL(t *testing.T, s *saslSession) *peer {
	t.Helper()
	p := connect(t, start(t, &pop3server.Server{NewSession: s.new, InsecureAllowAuth: true}))
	p.play("S: +OK...")
	return p
}

func TestSASL(t *testing.T) {
	ok := []step{{want: "none", challenge: "who?"}, {want: "ann", done: true}}
	signed := []step{{want: "hello", challenge: "proof?"}, {want: "proof", challenge: "mine", done: true}}
	refused := []step{{want: "", challenge: "{}"}, {want: "\x01", err: pop3server.ErrAuth}}
	for name, c := range map[string]struct {
		steps    []step
		dialogue string
	}{
		"challenge first": {ok, "C: AUTH X-STEPS\nS: + " + b64("who?") + "\nC: " + b64("ann") + "\nS: +OK maildrop...\nC: STAT\nS: +OK..."},
		"any case":        {ok, "C: auth x-steps\nS: + " + b64("who?") + "\nC: " + b64("ann") + "\nS: +OK..."},
		"a last word":     {signed, "C: AUTH X-STEPS " + b64("hello") + "\nS: + " + b64("proof?") + "\nC: " + b64("proof") + "\nS: + " + b64("mine") + "\nC: \nS: +OK..."},
		"a last word that is cancelled": {signed, "C: AUTH X-STEPS " + b64("hello") + "\nS: + " + b64("proof?") + "\nC: " + b64("proof") +
			"\nS: + " + b64("mine") + "\nC: *\nS: -ERR cancelled\nS: EOF"},
		"a last word that is answered": {signed, "C: AUTH X-STEPS " + b64("hello") + "\nS: + " + b64("proof?") + "\nC: " + b64("proof") +
			"\nS: + " + b64("mine") + "\nC: " + b64("x") + "\nS: -ERR cancelled\nS: EOF"},
		"an error challenge":                     {refused, "C: AUTH X-STEPS =\nS: + " + b64("{}") + "\nC: AQ==\nS: -ERR [AUTH]...\nC: CAPA\nS: +OK..."},
		"empty responses":                        {[]step{{want: "none"}, {want: "", done: true}}, "C: AUTH X-STEPS\nS: + \nC: \nS: +OK..."},
		"cancelled":                              {ok, "C: AUTH X-STEPS\nS: + " + b64("who?") + "\nC: *\nS: -ERR cancelled\nC: STAT\nS: -ERR not in this state"},
		"not base64":                             {ok, "C: AUTH X-STEPS\nS: + " + b64("who?") + "\nC: ann\nS: -ERR not base64"},
		"an initial response that is not base64": {ok, "C: AUTH X-STEPS ????\nS: -ERR not base64"},
		"refused at the start":                   {nil, "C: AUTH X-REFUSED\nS: -ERR [IN-USE]..."},
		"another's failure":                      {[]step{{want: "none", err: errDisk}}, "C: AUTH X-STEPS\nS: -ERR [SYS/TEMP] the server failed, try again later"},
		"not offered":                            {ok, "C: AUTH X-OTHER\nS: -ERR unknown mechanism"},
		"PLAIN is the server's":                  {ok, "C: AUTH PLAIN " + b64("\x00ann\x00x") + "\nS: +OK..."},
	} {
		t.Run(name, func(t *testing.T) {
			s := &saslSession{stub: &stub{}, offered: []string{"PLAIN", "x-steps", "X-REFUSED"}, steps: c.steps}
			startSASL(t, s).play(c.dialogue)
			if strings.Contains(c.dialogue, "PLAIN") && s.asked != "" {
				t.Errorf("the session was asked for %s", s.asked)
			}
		})
	}
}

func TestSASLCapability(t *testing.T) {
	for want, offered := range map[string][]string{
		"USER\r\nSASL PLAIN X-STEPS\r\n": {"PLAIN", "x-steps"},
		"USER\r\nSASL X-STEPS\r\n":       {"X-STEPS"},
		"USER\r\nLANG\r\n":               nil,
	} {
		s := &saslSession{stub: &stub{}, offered: offered}
		p := startSASL(t, s)
		p.play("C: CAPA\nS: +OK...")
		if text := p.text(); !strings.Contains(text, want) {
			t.Errorf("%q: got %q, want %q", offered, text, want)
		}
		if slices.Contains(offered, "x-steps") != slices.Contains(s.offered, "x-steps") {
			t.Error("the session's slice was changed")
		}
	}
	p := startSASL(t, &saslSession{stub: &stub{}})
	p.play("C: AUTH PLAIN " + b64("\x00ann\x00x") + "\nS: -ERR unknown mechanism")
}

// Without TLS, or leave, no mechanism is offered or taken.
func TestSASLNeedsTLS(t *testing.T) {
	s := &saslSession{stub: &stub{}, offered: []string{"X-STEPS"}, steps: []step{{want: "any", done: true}}}
	p := connect(t, start(t, &pop3server.Server{NewSession: s.new}))
	p.play("S: +OK...\nC: AUTH X-STEPS\nS: -ERR not without TLS, give STLS first\nC: CAPA\nS: +OK...")
	if text := p.text(); strings.Contains(text, "SASL") {
		t.Errorf("offered without TLS: %q", text)
	}
}

// Failed exchanges count as failed logins, and no exchange is endless.
func TestSASLIsBounded(t *testing.T) {
	refuse := &saslSession{stub: &stub{}, offered: []string{"X-STEPS"}, steps: []step{{want: "any", err: pop3server.ErrAuth}}}
	p := startSASL(t, refuse)
	for range 5 {
		p.play("C: AUTH X-STEPS\nS: -ERR [AUTH]...")
	}
	p.play("S: EOF")

	endless := &saslSession{stub: &stub{}, offered: []string{"X-STEPS"}, steps: []step{{want: "any"}}}
	p = startSASL(t, endless)
	p.play("C: AUTH X-STEPS")
	for range 1000 {
		p.play("S: + ")
		p.send("")
	}
	p.play("S: -ERR too many challenges\nS: EOF")
}

// A session that panics in an exchange costs its own connection alone.
func TestSASLPanics(t *testing.T) {
	s := &saslSession{stub: &stub{}, offered: []string{"X-STEPS"}} // no steps
	p := startSASL(t, s)
	p.play("C: AUTH X-STEPS\nS: EOF")
	if _, closed := s.ends(); closed != 1 {
		t.Errorf("closed %d times, want once", closed)
	}
}
