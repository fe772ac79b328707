package pop3server

import (
	"bytes"
	"context"
	"crypto/subtle"
	"io"
	"strconv"
	"sync"
)

// Memory is one user's maildrop in memory, for tests and benchmarks. Its
// sessions take USER and PASS, AUTH PLAIN, APOP and UTF8. It may be used by
// any number of goroutines.
type Memory struct {
	user      string
	password  string
	exclusive bool

	mu       sync.Mutex
	held     bool // by a session, if exclusive
	added    int  // messages ever, for their unique-ids
	messages []stored
}

type stored struct {
	id     string
	octets []byte
}

// NewMemory returns a maildrop of messages, whose octets must not change
// afterwards.
func NewMemory(user, password string, messages ...[]byte) *Memory {
	m := &Memory{user: user, password: password}
	for _, octets := range messages {
		m.Add(octets)
	}
	return m
}

// Exclusive makes the maildrop take one session at a time, as most servers do,
// and refuse others with ErrInUse. It returns m, and is called before the
// first session.
func (m *Memory) Exclusive() *Memory {
	m.exclusive = true
	return m
}

// Add adds a message and returns its unique-id. Sessions that are logged in do
// not see it.
func (m *Memory) Add(octets []byte) (id string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.added++
	id = "memory." + strconv.Itoa(m.added)
	m.messages = append(m.messages, stored{id, octets})
	return id
}

// Messages returns the messages that are there now, which must not be changed.
func (m *Memory) Messages() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([][]byte, len(m.messages))
	for i, s := range m.messages {
		all[i] = s.octets
	}
	return all
}

// NewSession is for Server.NewSession.
func (m *Memory) NewSession(Conn) (Session, error) { return &memorySession{drop: m}, nil }

// A memorySession is one connection's view of a Memory.
type memorySession struct {
	drop     *Memory
	holds    bool
	messages []stored // since login
}

// Login implements SessionAuthorization.
func (s *memorySession) Login(_ context.Context, user, password string) error {
	return s.login(user, equal(password, s.drop.password))
}

// LoginAPOP implements SessionAPOP.
func (s *memorySession) LoginAPOP(_ context.Context, user string, check func(string) bool) error {
	return s.login(user, check(s.drop.password))
}

func (s *memorySession) login(user string, proved bool) error {
	if !equal(user, s.drop.user) || !proved {
		return ErrAuth
	}
	s.drop.mu.Lock()
	defer s.drop.mu.Unlock()
	if s.drop.exclusive && s.drop.held {
		return ErrInUse
	}
	s.drop.held, s.holds = true, true
	s.messages = append([]stored(nil), s.drop.messages...)
	return nil
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// UTF8 implements SessionUTF8. Messages are given as they are in any case.
func (s *memorySession) UTF8(context.Context) error { return nil }

// List implements SessionTransaction.
func (s *memorySession) List(context.Context) ([]Message, error) {
	all := make([]Message, len(s.messages))
	for i, m := range s.messages {
		all[i] = Message{Octets: int64(len(m.octets)), UniqueID: m.id}
	}
	return all, nil
}

// Open implements SessionTransaction.
func (s *memorySession) Open(_ context.Context, index int) (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(s.messages[index].octets)), nil
}

// Update implements SessionTransaction. What another session removed already
// is no error.
func (s *memorySession) Update(_ context.Context, deleted []int) error {
	s.drop.mu.Lock()
	defer s.drop.mu.Unlock()
	gone := map[string]bool{}
	for _, i := range deleted {
		gone[s.messages[i].id] = true
	}
	var left []stored
	for _, m := range s.drop.messages {
		if !gone[m.id] {
			left = append(left, m)
		}
	}
	s.drop.messages = left
	return nil
}

// Close implements io.Closer.
func (s *memorySession) Close() error {
	if s.holds {
		s.drop.mu.Lock()
		defer s.drop.mu.Unlock()
		s.drop.held = false
	}
	return nil
}
