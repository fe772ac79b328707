package cli_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// A link is one connection through a proxy.
type link struct {
	client, server *net.TCPConn
	ended          chan struct{} // closed when the server has ended the session
}

// A watcher sees each line that a client sends, without CR LF, and returns
// what the server gets of it, or false to lose the connection: both sides are
// closed then, unless the watcher closed one before.
type watcher func(l *link, line string) (string, bool)

// startProxy stands between popherd and the server at address to, and returns
// its own address.
func startProxy(t *testing.T, to string, watch watcher) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var links sync.WaitGroup
	links.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			links.Go(func() { relay(t, client.(*net.TCPConn), to, watch) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		links.Wait()
	})
	return listener.Addr().String()
}

// relay passes a connection on until it ends.
func relay(t *testing.T, client *net.TCPConn, to string, watch watcher) {
	defer client.Close()
	server, err := net.Dial("tcp", to)
	if err != nil {
		t.Errorf("proxy: %v", err)
		return
	}
	defer server.Close()
	l := &link{client, server.(*net.TCPConn), make(chan struct{})}
	var replies sync.WaitGroup
	replies.Go(func() {
		io.Copy(client, server)
		client.Close()              // the server is done; or the client is lost,
		io.Copy(io.Discard, server) // and the rest goes nowhere
		close(l.ended)
	})
	defer replies.Wait()
	defer server.Close()
	lines := bufio.NewReader(client)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		passed, going := watch(l, strings.TrimSuffix(line, "\r\n"))
		if !going {
			return
		}
		if _, err := io.WriteString(server, passed+"\r\n"); err != nil {
			return
		}
	}
}

// reset makes the client's side end as a broken network does, with RST.
func (l *link) reset() {
	l.client.SetLinger(0)
	l.client.Close()
}

// deliver sends a line to the server of a client that is lost already, and
// returns when the server has done all that follows from it.
func (l *link) deliver(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(l.server, line+"\r\n"); err != nil {
		t.Errorf("proxy: %v", err)
	}
	<-l.ended
}
