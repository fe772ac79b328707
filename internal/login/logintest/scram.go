package logintest

import (
	"crypto/sha256"
	"errors"
	"strings"

	"github.com/xdg-go/scram"

	"github.com/popherd/popherd/pop3/pop3server"
)

// exchange is SCRAM.
type exchange struct {
	s         *session
	mechanism string
	enter     enter
	talk      *scram.ServerConversation
	refused   error
}

func newSCRAM(s *session, mechanism string, enter enter) (*exchange, error) {
	return &exchange{s: s, mechanism: mechanism, enter: enter}, nil
}

// begin starts the conversation once the client has said how it is bound.
func (e *exchange) begin(first string) error {
	hash := scram.SHA256
	if strings.HasPrefix(e.mechanism, "SCRAM-SHA-1") {
		hash = scram.SHA1
	}
	server, err := hash.NewServer(func(user string) (scram.StoredCredentials, error) {
		u, ok := e.s.server.user(user)
		if !ok || u.Password == "" {
			return scram.StoredCredentials{}, errors.New("no such user")
		}
		client, err := hash.NewClient(u.Name, u.Password, "")
		if err != nil {
			return scram.StoredCredentials{}, err
		}
		return client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt of " + user, Iters: 4096})
	})
	if err != nil {
		return err
	}
	e.talk, err = e.conversation(server, first)
	return err
}

// conversation binds to TLS as the client asks, and as the server would: one
// that offers -PLUS does not believe a client that saw none.
func (e *exchange) conversation(server *scram.Server, first string) (*scram.ServerConversation, error) {
	state, secure := e.s.conn.TLS()
	offered := false
	for _, name := range e.s.server.options.Mechanisms {
		offered = offered || secure && strings.HasSuffix(name, "-PLUS")
	}
	if !offered {
		return server.NewConversation(), nil
	}
	bound, err := scram.NewTLSExporterBinding(&state)
	switch {
	case strings.HasPrefix(first, "p=tls-unique,"):
		bound = scram.NewTLSUniqueBinding(state.TLSUnique)
	case strings.HasPrefix(first, "p=tls-server-end-point,"):
		sum := sha256.Sum256(e.s.server.leaf)
		bound = scram.ChannelBinding{Type: scram.ChannelBindingTLSServerEndpoint, Data: sum[:]}
	case err != nil:
		return nil, err
	}
	if strings.HasSuffix(e.mechanism, "-PLUS") {
		return server.NewConversationWithChannelBindingRequired(bound), nil
	}
	return server.NewConversationWithChannelBinding(bound), nil
}

// Next implements pop3server.SASLExchange.
func (e *exchange) Next(response []byte) ([]byte, bool, error) {
	if e.refused != nil {
		return nil, true, e.refused
	}
	if e.talk == nil {
		if response == nil {
			return nil, false, nil
		}
		if err := e.begin(string(response)); err != nil {
			return nil, true, err
		}
	}
	answer, err := e.talk.Step(string(response))
	if err != nil {
		e.refused = e.enter(e.talk.Username(), "", false)
		if answer == "" {
			return nil, true, e.refused
		}
		return []byte(answer), false, nil // "e=...", then the refusal
	}
	if !e.talk.Done() {
		return []byte(answer), false, nil
	}
	if err := e.enter(e.talk.Username(), "", e.talk.Valid()); err != nil {
		return nil, true, err
	}
	switch e.s.server.options.Fault {
	case WrongSignature:
		return []byte("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), true, nil
	case NoSignature:
		return nil, true, nil
	}
	return []byte(answer), true, nil
}

var _ pop3server.SASLExchange = (*exchange)(nil)
