package pop3server

import (
	"context"
	"crypto/tls"
	"io"
	"net"
)

// A Session is one connection's mail. Server makes one for each connection
// with Server.NewSession and calls its methods one at a time, in the order of
// POP3's states: Login (or LoginAPOP, SASL) until it succeeds, List once, Open as
// often as the client asks, Update at most once, Close once and last.
//
// Methods may block. Their context ends when the server is closed; it does not
// end when the client goes away, which the server sees only in its next read
// or write. What an error tells the client is said at Error.
type Session interface {
	SessionAuthorization
	SessionTransaction

	// Close ends the session and frees what it holds, the maildrop's lock
	// above all. It is called in any case, once, also without a login and
	// after a panic. Without an Update before it nothing may change: a lost
	// connection deletes nothing (RFC 1939 §6). Its error is logged.
	io.Closer
}

// SessionAuthorization is what a Session does in the AUTHORIZATION state.
type SessionAuthorization interface {
	// Login opens the maildrop of a user who gave a password by USER and PASS
	// or by SASL PLAIN. Neither is empty; both are as the client sent them,
	// the user without control octets. A wrong user or password is ErrAuth,
	// another session on the maildrop ErrInUse. After an error Login may be
	// called again, for any user.
	Login(ctx context.Context, user, password string) error
}

// SessionTransaction is what a Session does in the TRANSACTION state, and in
// the UPDATE state at its end.
type SessionTransaction interface {
	// List returns what the maildrop holds. It is called once, after login.
	// The message-number is the index plus one, for the whole session; the
	// server keeps the slice and does not change it.
	List(ctx context.Context) ([]Message, error)

	// Open returns the octets of a message, which the server closes when it
	// has read enough. The octets are sent exactly as they are, dot-stuffed
	// after CR LF only; CR LF is added at the end where it is missing. An
	// error of Open is told to the client; one of Read can no longer be, and
	// ends the connection.
	Open(ctx context.Context, index int) (io.ReadCloser, error)

	// Update removes the messages marked, whose indexes rise. It is called at
	// QUIT in the TRANSACTION state and at no other end, also when none is
	// marked. An error is told to the client, which then takes it that some
	// messages were not removed (RFC 1939 §6).
	Update(ctx context.Context, deleted []int) error
}

// SessionAPOP is a Session that also takes APOP (RFC 1939 §7). The greeting
// then has a timestamp.
type SessionAPOP interface {
	Session

	// LoginAPOP opens the maildrop of a user whose shared secret satisfies
	// check, which compares in constant time. An unknown user should be
	// checked against some secret all the same, and is ErrAuth as a wrong
	// secret is. What is said at Login holds here too.
	LoginAPOP(ctx context.Context, user string, check func(secret string) bool) error
}

// SessionSASL is a Session that takes other SASL mechanisms than PLAIN too, or
// not PLAIN.
type SessionSASL interface {
	Session

	// Mechanisms returns the names that CAPA lists and AUTH takes, asked for
	// each time: they may change with TLS. PLAIN, if it is among them, the
	// server does by itself, through Login.
	Mechanisms() []string

	// SASL starts an exchange of a mechanism, by its name in upper case; not
	// PLAIN. An error refuses it as one of Login does.
	SASL(ctx context.Context, mechanism string) (SASLExchange, error)
}

// A SASLExchange is the server's side of a SASL exchange. It has the method set
// of emersion/go-sasl's Server, whose mechanisms can be used as they are. It
// ends without a word when the client cancels it.
type SASLExchange interface {
	// Next takes a response, nil at first if none came with AUTH, and returns
	// the next challenge. When done is true without an error the maildrop is
	// open, as after Login; a challenge that is not empty then goes out as the
	// exchange's last word. What is said of errors at Login holds here too.
	Next(response []byte) (challenge []byte, done bool, err error)
}

// SessionUTF8 is a Session that also takes UTF8 (RFC 6856 §2): its messages
// may have 8-bit headers.
type SessionUTF8 interface {
	Session

	// UTF8 tells the session, after login and before List, that the client
	// understands UTF-8. A session that is not told must not give messages
	// with 8-bit headers to clients that cannot read them. An error refuses
	// the login and ends the connection.
	UTF8(ctx context.Context) error
}

// A Message is one row of LIST and UIDL.
type Message struct {
	// Octets is the size that the client is told, which should be that of
	// what Open gives, before dot-stuffing. Not negative.
	Octets int64

	// UniqueID must be 1 to 70 octets from '!' to '~' (RFC 1939 §7), unique
	// in the maildrop, and the same in every session. The server refuses the
	// login to a maildrop with any other octets; that no two are equal it
	// does not check.
	UniqueID string
}

// A Conn is what a Session may know of its connection. It is valid until the
// Session's Close, for one goroutine at a time.
type Conn interface {
	// RemoteAddr returns the client's address.
	RemoteAddr() net.Addr
	// LocalAddr returns the address that the client connected to.
	LocalAddr() net.Addr
	// TLS returns the state of the connection's TLS, and whether it has any.
	// Both change with STLS, which comes before login if it comes.
	TLS() (tls.ConnectionState, bool)
}
