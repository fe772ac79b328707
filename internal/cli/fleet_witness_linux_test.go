package cli_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/dovecottest"
)

// A witness stands between the daemons and Dovecot, and knows at each moment
// which maildrops are worked: from the password until the answer to QUIT has
// come, or either side is gone.
type witness struct {
	t        *testing.T
	to       string
	listener net.Listener

	lock     sync.Mutex
	open     map[string]*wire // by user
	sessions int
	now      int // open ones
	most     int
	overlaps []string
	refused  []string // answers to passwords
	begun    map[string][]time.Time
	grip     *grip
}

// A wire is a connection.
type wire struct {
	user           string
	from           string // address of the daemon
	client, server net.Conn
	number         int  // of the session
	open           bool // from PASS to the end
	asked          bool // PASS waits for its answer
	quit           bool // QUIT was passed on
	retrieved      int  // RETRs that were passed on
	marked         int  // DELEs
	ended          chan struct{}

	held string // the verb that it was held at
	goes chan bool
}

func startWitness(t *testing.T, to string) *witness {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &witness{t: t, to: to, listener: listener, open: map[string]*wire{}, begun: map[string][]time.Time{}}
	var wires sync.WaitGroup
	wires.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			wires.Go(func() { w.relay(client) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wires.Wait()
	})
	return w
}

func (w *witness) addr() string { return w.listener.Addr().String() }

// relay passes a connection on until it ends.
func (w *witness) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", w.to)
	if err != nil {
		w.t.Errorf("witness: %v", err)
		return
	}
	defer server.Close()
	from, _, _ := net.SplitHostPort(client.RemoteAddr().String())
	s := &wire{from: from, client: client, server: server, ended: make(chan struct{}), goes: make(chan bool, 1)}
	var replies sync.WaitGroup
	replies.Go(func() { w.replies(s) })
	defer replies.Wait()
	defer server.Close()
	defer w.end(s)
	lines := bufio.NewReader(client)
	for {
		line, err := lines.ReadString('\n')
		if err != nil || !w.says(s, strings.TrimSuffix(line, "\r\n")) {
			return
		}
		if _, err := io.WriteString(server, line); err != nil {
			return
		}
		if s.held == "QUIT" {
			<-s.ended // its client is no more, and what it asked for is done
		}
	}
}

// replies passes on what the server says.
func (w *witness) replies(s *wire) {
	defer close(s.ended)
	defer s.client.Close()
	octets, lost := make([]byte, 32<<10), false
	for {
		n, err := s.server.Read(octets)
		w.hears(s, octets[:n], err)
		if err != nil {
			return
		}
		if !lost {
			_, err := s.client.Write(octets[:n])
			lost = err != nil // the rest goes nowhere
		}
	}
}

// says takes note of what a client says, and reports whether to pass it on.
func (w *witness) says(s *wire, line string) bool {
	verb, argument, _ := strings.Cut(line, " ")
	w.lock.Lock()
	if g := w.grip; g != nil && g.wants(s, verb) {
		s.held = verb
		g.take(s)
		w.lock.Unlock()
		passed := <-s.goes
		w.lock.Lock()
		if !passed {
			w.lock.Unlock()
			return false
		}
	}
	defer w.lock.Unlock()
	switch verb {
	case "USER":
		s.user = argument
	case "PASS":
		w.begin(s)
	case "RETR":
		s.retrieved++
	case "DELE":
		s.marked++
	case "QUIT":
		s.quit = true
	}
	return true
}

func (w *witness) begin(s *wire) {
	w.sessions++
	s.number, s.open, s.asked = w.sessions, true, true
	if other := w.open[s.user]; other != nil {
		w.overlaps = append(w.overlaps, fmt.Sprintf("%s: session %d from %s began before session %d from %s had ended", s.user, s.number, s.from, other.number, other.from))
	}
	w.open[s.user] = s
	w.now++
	w.most = max(w.most, w.now)
	w.begun[s.user] = append(w.begun[s.user], time.Now())
}

// hears takes note of what the server says, before the client hears it.
func (w *witness) hears(s *wire, octets []byte, err error) {
	w.lock.Lock()
	defer w.lock.Unlock()
	if s.asked && len(octets) > 0 {
		s.asked = false
		if octets[0] == '-' {
			w.refused = append(w.refused, s.user+": "+strings.TrimSpace(string(octets)))
			w.over(s)
		}
	}
	if err != nil || s.quit && strings.Contains(string(octets), "Logging out") {
		w.over(s)
	}
}

func (w *witness) end(s *wire) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.over(s)
}

// over notes the end of a session, once; the lock is held.
func (w *witness) over(s *wire) {
	if !s.open {
		return
	}
	s.open = false
	w.now--
	if w.open[s.user] == s {
		delete(w.open, s.user)
	}
}

// after is when the first session of a maildrop after a moment began.
func (w *witness) after(user string, then time.Time) time.Time {
	w.lock.Lock()
	defer w.lock.Unlock()
	for _, at := range w.begun[user] {
		if at.After(then) {
			return at
		}
	}
	return time.Time{}
}

// What the fleet is judged by sees a maildrop that is worked twice, and none in
// maildrops that are worked at the same time.
func TestFleetWitness(t *testing.T) {
	s := dovecottest.Start(t, dovecottest.Options{})
	w := startWitness(t, s.Addr())
	for _, name := range []string{"anna", "ben"} {
		fill(t, s, name, mail()[:3])
	}
	session := func(user, last string) (end func()) {
		conn, err := net.Dial("tcp", w.addr())
		must(t, err)
		must(t, conn.SetDeadline(time.Now().Add(hangLimit)))
		lines := bufio.NewReader(conn)
		for _, line := range []string{"", "USER " + user + "\r\n", "PASS secret\r\n"} {
			_, err := io.WriteString(conn, line)
			must(t, err)
			_, err = lines.ReadString('\n')
			must(t, err)
		}
		return func() {
			if _, err := io.WriteString(conn, last); err == nil {
				lines.ReadString('\n')
			}
			conn.Close()
		}
	}
	ben := session("ben", "QUIT\r\n")
	session("anna", "QUIT\r\n")()
	session("anna", "QUIT\r\n")()
	if len(w.overlaps)+len(w.refused) > 0 {
		t.Errorf("sessions one after the other: got %q, %q", w.overlaps, w.refused)
	}
	session("ben", "QUIT\r\n")()
	ben()
	if len(w.overlaps) != 1 || len(w.refused) != 0 {
		t.Errorf("two sessions of a maildrop: got %q, %q", w.overlaps, w.refused)
	}
	if w.sessions != 4 || w.most != 2 {
		t.Errorf("got %d sessions, %d at once, want 4 and 2", w.sessions, w.most)
	}
}

// A grip holds sessions of one daemon for some users: half of them before their first RETR,
// and the others before QUIT, when their messages are delivered and marked.
type grip struct {
	from  string
	users []string
	each  int // for how many there is room, at RETR and at QUIT
	held  []*wire
	at    map[string]int
	full  chan struct{} // closed when there is no more room
}

// grasp holds sessions from now on, and for good.
func (w *witness) grasp(from string, users []string, most int) *grip {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.grip = &grip{from: from, users: users, each: most / 2, at: map[string]int{}, full: make(chan struct{})}
	return w.grip
}

func (g *grip) wants(s *wire, verb string) bool {
	if s.from != g.from || !s.open || !slices.Contains(g.users, s.user) || g.at[verb] == g.each {
		return false
	}
	return verb == "RETR" && s.retrieved == 0 || verb == "QUIT" && s.marked > 0
}

func (g *grip) take(s *wire) {
	g.at[s.held]++
	g.held = append(g.held, s)
	if len(g.held) == 2*g.each {
		close(g.full)
	}
}

// release ends those that were held, once their clients are gone. Every other
// QUIT still comes to the server.
func (g *grip) release() []*wire {
	quits := 0
	for _, s := range g.held {
		if s.held == "QUIT" {
			quits++
		}
		s.goes <- s.held == "QUIT" && quits%2 == 1
	}
	return g.held
}
