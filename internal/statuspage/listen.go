package statuspage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/net/netutil"

	"github.com/popherd/popherd/internal/secret"
)

// Limits of a connection. A request is small, and so is what it says.
const (
	connections   = 64
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 60 * time.Second
	headerSize    = 16 << 10
	lastWords     = 5 * time.Second // for requests under way when the page ends
)

// tokenLength is how many octets a token has at least where others than this
// machine's people can try it: shorter ones can be guessed.
const tokenLength = 16

// An AddressError says why the page cannot listen there.
type AddressError struct {
	Address string
	Reason  string
	Advice  string
	Err     error // what the system said; may be nil
}

// Error returns address and reason.
func (e *AddressError) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("listen %q: %v", clean(e.Address, cellLimit), e.Err)
	}
	return fmt.Sprintf("listen %q: %s", clean(e.Address, cellLimit), e.Reason)
}

// Unwrap returns what the system said.
func (e *AddressError) Unwrap() error { return e.Err }

// Hint returns what to do about it; may be "".
func (e *AddressError) Hint() string { return e.Advice }

// Listen opens a TCP address such as "127.0.0.1:8025". Beyond loopback it
// demands a token of at least 16 octets; ":8025" is every address of the
// machine, and beyond loopback. The caller closes the listener; Serve does.
// Errors are *AddressError.
func Listen(addr string, token secret.Secret) (net.Listener, error) {
	resolved, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return nil, &AddressError{Address: addr, Err: err, Advice: `write HOST:PORT, such as "127.0.0.1:8025"`}
	}
	if !onLoopback(resolved) {
		const advice = "listen on 127.0.0.1, or set a token of 16 characters and more"
		switch length := len(token.Reveal()); {
		case length == 0:
			return nil, &AddressError{Address: addr, Reason: "others than this machine could see the jobs: a token is demanded", Advice: advice}
		case length < tokenLength:
			return nil, &AddressError{Address: addr, Reason: "the token is too short for others than this machine", Advice: advice}
		}
	}
	// The address that was judged is the one that is opened: a name could
	// resolve to another the next time.
	l, err := net.ListenTCP("tcp", resolved)
	if err != nil {
		return nil, &AddressError{Address: addr, Err: err}
	}
	return l, nil
}

// onLoopback reports whether only this machine reaches the address.
func onLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip, ok := netip.AddrFromSlice(tcp.IP)
	return ok && ip.Unmap().IsLoopback()
}

// Serve answers requests until ctx ends, then lets those under way finish, for
// at most 5 seconds. It closes the listener, and returns nil when ctx ended it.
func Serve(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerSize,
		// What is wrong with a stranger's request is not worth a line of log.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		if server.Shutdown(last) != nil {
			server.Close()
		}
	})
	err := server.Serve(netutil.LimitListener(l, connections))
	if stop() {
		server.Close()
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	}
	<-ended
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve %s: %w", l.Addr(), err)
}
