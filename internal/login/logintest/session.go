package logintest

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// newSession makes the session of a connection.
func (s *Server) newSession(conn pop3server.Conn) (pop3server.Session, error) {
	closed, err := (&pop3server.Memory{}).NewSession(conn)
	if err != nil {
		return nil, err
	}
	session := &session{Session: closed, server: s, conn: conn}
	if s.options.NoAPOP {
		return session, nil
	}
	return &apopSession{session}, nil
}

// A session is one connection. Until login the maildrop within is nobody's.
type session struct {
	pop3server.Session
	server *Server
	conn   pop3server.Conn
}

type apopSession struct{ *session }

// Login implements pop3server.SessionAuthorization.
func (s *session) Login(ctx context.Context, user, password string) error {
	u, ok := s.server.user(user)
	return s.enter(ctx, "PASS", user, password, ok && u.Password != "" && password == u.Password)
}

// LoginAPOP implements pop3server.SessionAPOP.
func (s *apopSession) LoginAPOP(ctx context.Context, user string, check func(string) bool) error {
	u, ok := s.server.user(user)
	return s.enter(ctx, "APOP", user, "", ok && check(u.Password))
}

// enter opens a user's maildrop, or refuses. shown is what the client sent.
func (s *session) enter(ctx context.Context, command, user, shown string, proved bool) error {
	err := s.open(ctx, user, proved)
	if err != nil && s.server.options.Fault == EchoSecret {
		err = s.echo(command, user, shown)
	}
	s.server.attempt(command, user, err)
	return err
}

func (s *session) open(ctx context.Context, user string, proved bool) error {
	u, ok := s.server.user(user)
	if !ok || !proved || s.server.options.Fault == EchoSecret {
		return pop3server.ErrAuth
	}
	opened, err := s.server.drops[user].NewSession(s.conn)
	if err != nil {
		return err
	}
	if err := opened.Login(ctx, user, u.Password); err != nil {
		return err
	}
	s.Session = opened
	return nil
}

// echo is a refusal that repeats the secret, the one that was sent or the
// password that the client proved to have; in a SASL exchange in base64, too.
func (s *session) echo(command, user, shown string) error {
	u, _ := s.server.user(user)
	text := fmt.Sprintf("no: %s %s", user, cmp.Or(shown, u.Password))
	if strings.HasPrefix(command, "AUTH ") {
		text += " " + base64.StdEncoding.EncodeToString([]byte(text))
	}
	return &pop3server.Error{Code: pop3.CodeAuth, Text: text}
}

// Mechanisms implements pop3server.SessionSASL.
func (s *session) Mechanisms() []string {
	offered := slices.Clone(s.server.options.Mechanisms)
	state, secure := s.conn.TLS()
	return slices.DeleteFunc(offered, func(name string) bool {
		plus := strings.HasSuffix(name, "-PLUS")
		switch {
		case plus && (!secure || s.server.options.Fault == StrippedPlus):
			return true
		case name == "EXTERNAL" && len(state.PeerCertificates) == 0:
			return true
		}
		return secure && s.server.options.Fault == WithdrawnAfterSTLS && name != "PLAIN"
	})
}

// SASL implements pop3server.SessionSASL.
func (s *session) SASL(ctx context.Context, mechanism string) (pop3server.SASLExchange, error) {
	e, err := s.exchange(ctx, mechanism)
	if err != nil {
		return nil, err
	}
	switch s.server.options.Fault {
	case GarbageChallenge:
		return &garbage{s, mechanism}, nil
	case EndlessChallenges:
		return &endless{s, mechanism, 0}, nil
	}
	return e, nil
}

func (s *session) exchange(ctx context.Context, mechanism string) (pop3server.SASLExchange, error) {
	enter := func(user, shown string, proved bool) error {
		return s.enter(ctx, "AUTH "+mechanism, user, shown, proved)
	}
	switch mechanism {
	case "LOGIN":
		return &legacy{s: s, enter: enter}, nil
	case "CRAM-MD5":
		return &cram{s: s, enter: enter}, nil
	case "XOAUTH2", "OAUTHBEARER":
		return &bearer{s: s, mechanism: mechanism, enter: enter}, nil
	case "EXTERNAL":
		return &external{s: s, enter: enter}, nil
	}
	if strings.HasPrefix(mechanism, "SCRAM-") {
		return newSCRAM(s, mechanism, enter)
	}
	return nil, errors.New("no such mechanism: " + mechanism)
}

// enter opens a user's maildrop if the login proved it.
type enter func(user, shown string, proved bool) error

// endless never comes to an end.
type endless struct {
	s         *session
	mechanism string
	asked     int
}

// Next implements pop3server.SASLExchange.
func (e *endless) Next([]byte) ([]byte, bool, error) {
	if e.asked++; e.asked > 1000 {
		return nil, true, pop3server.ErrAuth
	}
	if e.asked == 1 {
		e.s.server.attempt("AUTH "+e.mechanism, "", pop3server.ErrAuth)
	}
	return []byte{}, false, nil
}

// garbage sends what is no challenge of any mechanism.
type garbage struct {
	s         *session
	mechanism string
}

// Next implements pop3server.SASLExchange. An initial response is asked for
// first, so that what follows is read as a challenge.
func (g *garbage) Next(response []byte) ([]byte, bool, error) {
	if response == nil {
		g.s.server.attempt("AUTH "+g.mechanism, "", pop3server.ErrAuth)
	}
	return []byte("\x00\xff{[garbage,,,=r=,s=,i=-1"), false, nil
}
