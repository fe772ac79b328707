package pop3server_test

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/popherd/popherd/pop3/pop3server"
)

var errDisk = errors.New("disk on fire at /secret/path")

// A stub is a Session that fails as told, and counts. Without login of its
// own it is a Memory's.
type stub struct {
	pop3server.Session
	loginErr, listErr, openErr, updateErr, closeErr error

	messages []pop3server.Message // in place of List's, if not nil
	body     func() io.Reader     // in place of Open's
	panics   string               // the method that does

	mu      sync.Mutex
	updated [][]int
	closed  int
}

func (s *stub) new(pop3server.Conn) (pop3server.Session, error) { return s, nil }

func (s *stub) in(method string) {
	if s.panics == method {
		panic("panic in " + method)
	}
}

func (s *stub) Login(context.Context, string, string) error {
	s.in("login")
	return s.loginErr
}

func (s *stub) List(context.Context) ([]pop3server.Message, error) {
	s.in("list")
	return s.messages, s.listErr
}

func (s *stub) Open(context.Context, int) (io.ReadCloser, error) {
	s.in("open")
	if s.openErr != nil {
		return nil, s.openErr
	}
	return io.NopCloser(s.body()), nil
}

func (s *stub) Update(_ context.Context, deleted []int) error {
	s.in("update")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.updated = append(s.updated, deleted)
	return s.updateErr
}

func (s *stub) Close() error {
	s.mu.Lock()
	s.closed++
	s.mu.Unlock()
	s.in("close")
	return s.closeErr
}

func (s *stub) ends() (updates, closes int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.updated), s.closed
}
