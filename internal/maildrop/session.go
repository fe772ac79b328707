package maildrop

import (
	"context"
	"fmt"
	"io"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3server"
)

// session is one connection's view of a Source.
type session struct {
	source  *Source
	drop    drop
	indexes []int // of the session's messages in drop
}

var (
	_ pop3server.SessionAPOP = (*session)(nil)
	_ pop3server.SessionUTF8 = (*session)(nil)
)

// Login takes anyone.
func (s *session) Login(ctx context.Context, user, password string) error { return nil }

// LoginAPOP takes anyone too, so that a run with APOP can be rehearsed.
func (s *session) LoginAPOP(ctx context.Context, user string, check func(secret string) bool) error {
	return nil
}

// UTF8 changes nothing: messages are served as they are stored in any case.
func (s *session) UTF8(ctx context.Context) error { return nil }

// List fixes what the session shows.
func (s *session) List(ctx context.Context) ([]pop3server.Message, error) {
	drop, indexes, err := s.source.begin(ctx)
	if err != nil {
		return nil, refusal("the maildrop cannot be read any more", err)
	}
	s.drop, s.indexes = drop, indexes
	all := drop.messages()
	shown := make([]pop3server.Message, len(indexes))
	for i, index := range indexes {
		shown[i] = all[index]
	}
	return shown, nil
}

// Open returns the stored octets of one message; the caller closes it.
func (s *session) Open(ctx context.Context, index int) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if index < 0 || index >= len(s.indexes) {
		return nil, s.noMessage(index)
	}
	r, err := s.drop.open(s.indexes[index])
	if err != nil {
		return nil, refusal("the message cannot be read any more", err)
	}
	return r, nil
}

// refusal tells the client text, and the server's log the paths too. Another
// session, with the source listed anew, may fare better.
func refusal(text string, err error) error {
	return &pop3server.Error{Code: pop3.CodeSysTemp, Text: text, Err: err}
}

// Update commits in memory only: the source stays as it is.
func (s *session) Update(ctx context.Context, deleted []int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var ids []string
	for _, index := range deleted {
		if index < 0 || index >= len(s.indexes) {
			return s.noMessage(index)
		}
		ids = append(ids, s.drop.messages()[s.indexes[index]].UniqueID)
	}
	s.source.forget(ids)
	return nil
}

func (s *session) noMessage(index int) error {
	return fmt.Errorf("maildrop %q: no message at index %d of %d", s.source.path, index, len(s.indexes))
}

// Close has nothing to give back.
func (s *session) Close() error { return nil }
