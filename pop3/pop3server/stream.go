package pop3server

import (
	"bufio"
	"net"
	"time"
)

// writeChunk is what WriteTimeout is for, and the size of the reply buffer.
const writeChunk = 64 << 10

// A stream is the connection under its deadlines. It sends the replies that
// wait whenever it has to read, and only then or when the buffer is full: the
// replies to commands that were pipelined go out together (RFC 2449 §6.6).
type stream struct {
	conn    net.Conn // TLS, once there is
	replies *bufio.Writer
	idle    time.Duration
	writing time.Duration
	login   time.Time // when login must be done; zero afterwards, or for never
	wait    time.Time // when the line now read must be whole; zero before its first read
	err     error     // of a write; the connection is then of no use
}

func newStream(conn net.Conn, s *Server) *stream {
	st := &stream{
		conn:    conn,
		idle:    orDefault(s.IdleTimeout, 10*time.Minute),
		writing: orDefault(s.WriteTimeout, time.Minute),
		login:   after(orDefault(s.LoginTimeout, 3*time.Minute)),
	}
	st.replies = bufio.NewWriterSize(st, writeChunk)
	return st
}

// after returns the moment d from now, or never for a negative d.
func after(d time.Duration) time.Time {
	if d < 0 {
		return time.Time{}
	}
	return time.Now().Add(d)
}

// nextLine starts the wait for another line. All reads of one line share a
// deadline, so that a client cannot stretch it by single octets.
func (s *stream) nextLine() { s.wait = time.Time{} }

// Read implements io.Reader for the wire.Reader above it.
func (s *stream) Read(p []byte) (int, error) {
	if err := s.replies.Flush(); err != nil {
		return 0, err
	}
	if s.wait.IsZero() {
		s.wait = after(s.idle)
		if !s.login.IsZero() && (s.wait.IsZero() || s.login.Before(s.wait)) {
			s.wait = s.login
		}
	}
	if err := s.conn.SetReadDeadline(s.wait); err != nil {
		return 0, err
	}
	return s.conn.Read(p)
}

// Write implements io.Writer for the reply buffer. A long run is written in
// chunks, each under its own deadline.
func (s *stream) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) && s.err == nil {
		chunk := p[done:min(done+writeChunk, len(p))]
		if s.err = s.conn.SetWriteDeadline(after(s.writing)); s.err != nil {
			break
		}
		var n int
		n, s.err = s.conn.Write(chunk)
		done += n
	}
	return done, s.err
}
