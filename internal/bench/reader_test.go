package main

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// Answers end where RFC 1939 says, however the octets arrive.
func TestCountFindsEveryEnd(t *testing.T) {
	const answers = "+OK\r\n.\r\n" + "+OK\r\nA: 1\r\n\r\n..\r\n.\r\n" + "-ERR no\r\n" + "+OK\r\n..\r\n\r\n.\r\n" + "+OK bye\r\n"
	for name, reader := range map[string]io.Reader{
		"at once":   strings.NewReader(answers),
		"in halves": iotest.HalfReader(strings.NewReader(answers)),
		"singly":    iotest.OneByteReader(strings.NewReader(answers)),
		"with EOF":  iotest.DataErrReader(strings.NewReader(answers)),
	} {
		all := make(chan struct{})
		if got, err := count(reader, 3, all); got != 3 || err != nil {
			t.Errorf("%s: got %d, %v, want 3 answers", name, got, err)
		}
		<-all
	}
}

// What goes through the proxy arrives whole, and both directions take their
// time, but no more for much than for little.
func TestDelayed(t *testing.T) {
	const size = 8 << 20
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() { // gives back what comes, and then the end
		conn, err := server.Accept()
		if err == nil {
			io.Copy(conn, conn)
			conn.Close()
		}
	}()
	addr, err := delayed(t.Context(), server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	begin := time.Now()
	go func() {
		conn.Write(make([]byte, size))
		conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(conn)
	if len(got) != size || err != nil {
		t.Errorf("got %d octets, %v, want %d", len(got), err, size)
	}
	if took := time.Since(begin); took < 2*oneWay {
		t.Errorf("got there and back in %v, want at least %v", took, 2*oneWay)
	}
}
