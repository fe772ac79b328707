package statuspage

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/secret"
)

// TestListenBeyondLoopback: others than this machine need a token, and one that
// nobody guesses.
func TestListenBeyondLoopback(t *testing.T) {
	const long = "0123456789abcdef"
	for _, c := range []struct{ addr, token, want string }{
		{"127.0.0.1:0", "", ""},
		{"127.0.0.1:0", "2Small", ""},
		{"localhost:0", "", ""},
		{"0.0.0.0:0", "", "a token is demanded"},
		{":0", "", "a token is demanded"},
		{"[::]:0", "", "a token is demanded"},
		{"192.0.2.1:0", "", "a token is demanded"},
		{"0.0.0.0:0", "2Small", "too short"},
		{"0.0.0.0:0", long, ""},
		{"nonsense", long, "missing port"},
		{"127.0.0.1:99999", "", "invalid port"},
	} {
		l, err := Listen(c.addr, secret.New(c.token))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("Listen(%q): %v", c.addr, err)
		case c.want != "" && err == nil:
			t.Errorf("Listen(%q): no error, want %q", c.addr, c.want)
		case c.want != "":
			var refusal *AddressError
			if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.want) || refusal.Hint() == "" {
				t.Errorf("Listen(%q): got %v (hint %q), want %q", c.addr, err, refusal.Hint(), c.want)
			}
			if c.token != "" && strings.Contains(err.Error()+refusal.Hint(), c.token) {
				t.Errorf("Listen(%q): the error tells the token: %v", c.addr, err)
			}
		}
		if err == nil {
			l.Close()
		}
	}
}

// TestServeEnds: with its context, without an error, and the answer under way
// is finished.
func TestServeEnds(t *testing.T) {
	l, err := Listen("127.0.0.1:0", secret.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	asked := make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-ctx.Done()
		io.WriteString(w, "finished")
	})
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, handler) }()
	go func() { <-asked; stop() }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get("http://" + l.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if text, _ := io.ReadAll(answer.Body); string(text) != "finished" {
		t.Errorf("got %q, want what was under way", text)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("somebody still listens")
	}
}

// TestServeFails: a listener that does not work is an error, not an end.
func TestServeFails(t *testing.T) {
	l, err := Listen("127.0.0.1:0", secret.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want %v", err, net.ErrClosed)
	}
}
