package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// A reader is the limit that the others are held against: it sends all its
// commands without waiting, while it reads what comes, and looks at nothing
// but where an answer ends.
type reader struct {
	addr    string
	trust   *tls.Config // nil for POP3 without TLS
	user    string
	numbers int // of messages, from 1
}

// chunk is how much is read at once.
const chunk = 256 << 10

// terminator ends every multi-line answer, and is nowhere within one: a dot at
// the start of a line is sent as two (RFC 1939, section 3).
var terminator = []byte("\r\n.\r\n")

// run does the work: "top" and "rules" ask for every header, "retr" for every
// message; "delete" asks for every header and marks every even message. It
// returns how many multi-line answers came.
func (r reader) run(ctx context.Context, work string) (answers int, err error) {
	conn, err := r.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	replies := bufio.NewReaderSize(conn, chunk)
	for _, command := range []string{"", "USER " + r.user, "PASS " + password, "STAT"} {
		if err := ask(conn, replies, command); err != nil {
			return 0, err
		}
	}
	sent, all := make(chan error, 1), make(chan struct{})
	go func() { sent <- r.send(conn, work, all) }()
	answers, err = count(replies, r.numbers, all)
	if err := errors.Join(err, <-sent); err != nil {
		return answers, fmt.Errorf("reader: %w", err)
	}
	if answers != r.numbers {
		return answers, fmt.Errorf("reader: %d answers, want %d", answers, r.numbers)
	}
	return answers, nil
}

func (r reader) dial(ctx context.Context) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.addr)
	if err != nil || r.trust == nil {
		return conn, err
	}
	return tls.Client(conn, r.trust), nil
}

// ask sends a command, if it is not empty, and reads its status line.
func ask(conn net.Conn, replies *bufio.Reader, command string) error {
	if command != "" {
		if _, err := io.WriteString(conn, command+"\r\n"); err != nil {
			return err
		}
	}
	line, err := replies.ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "+OK") {
		err = fmt.Errorf("reader: %.4s: %q", command, line)
	}
	return err
}

// send writes all the commands, to QUIT. Over TLS that waits until all answers
// are there, which costs no more than a moment on loopback: Dovecot 2.3 now and
// then loses the last octets, up to the reply to QUIT, where it came earlier.
func (r reader) send(conn net.Conn, work string, all <-chan struct{}) error {
	w := bufio.NewWriterSize(conn, 64<<10)
	for n := 1; n <= r.numbers; n++ {
		if work == "retr" {
			fmt.Fprintf(w, "RETR %d\r\n", n)
		} else {
			fmt.Fprintf(w, "TOP %d 0\r\n", n)
		}
	}
	for n := 2; n <= r.numbers && work == "delete"; n += 2 {
		fmt.Fprintf(w, "DELE %d\r\n", n)
	}
	if r.trust != nil {
		if err := w.Flush(); err != nil {
			return err
		}
		<-all
	}
	fmt.Fprint(w, "QUIT\r\n")
	return w.Flush()
}

// count counts terminators to the end of the stream. It closes all when it has
// as many as are wanted, or when no more will come.
func count(replies io.Reader, wanted int, all chan<- struct{}) (n int, err error) {
	buf := make([]byte, chunk)
	kept := 0 // octets of a terminator that may have begun
	done := sync.OnceFunc(func() { close(all) })
	defer done()
	for {
		got, err := replies.Read(buf[kept:])
		seen := buf[:kept+got]
		if n += bytes.Count(seen, terminator); n >= wanted {
			done()
		}
		kept = copy(buf, seen[max(0, len(seen)-len(terminator)+1):])
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		}
	}
}

// limit is the reader as a contestant. It is no program of its own: what
// starting one costs is popherd's loss.
func (s *stand) limit(j job) contestant {
	return func(ctx context.Context, _ bool) (outcome, error) {
		d, err := s.drop(ctx, j)
		if err != nil {
			return outcome{}, err
		}
		addr, tlsConfig := s.address(j), s.trust
		if !j.tls {
			tlsConfig = nil
		}
		r := reader{addr: addr, trust: tlsConfig, user: d.user.Name, numbers: d.count}
		cpu, begin := ownCPU(), time.Now()
		answers, err := r.run(ctx, j.work)
		o := outcome{wall: time.Since(begin), cpu: ownCPU() - cpu}
		o.tally = tally{messages: answers, octets: uncounted, hits: uncounted}
		return o, s.check(err, j, d, o.tally)
	}
}
