// Package deliver hands messages to targets: a Maildir, an mbox, a folder of
// files, an SMTP or LMTP server, a command. A message is delivered when it is
// whole in a place that lasts, which is what Sync says; before that nothing may
// be deleted elsewhere because of it.
//
// # Once
//
// Each message has a delivery id, the same in every run. A target that stores
// (Maildir, mbox, files) finds what an earlier run delivered, though it was
// killed before it could say so, and answers Begin with ErrHave. Servers and
// commands cannot be asked: they have what they accepted, and a message is
// offered again if the answer was lost (RFC 1047).
//
// # Octets
//
// A message's octets are stored and sent as they are, CR LF included: no line
// end is rewritten, no header added. Three things are forced by formats. An
// mbox holds ">" before each line of ">"s and "From ", which its readers take
// away (mboxrd). In an mbox and over SMTP and LMTP a message without line end
// at its end gains one. And what SMTP cannot carry as it is (a bare CR, a bare
// LF, NUL, 8-bit octets where the server does not offer 8BITMIME) is refused
// with a *Error, never changed.
package deliver

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
)

// ErrHave is what Begin says of a message that the target has already, whole
// and lasting.
var ErrHave = errors.New("the target has the message already")

// ErrUnknown is in the error of a delivery of which nobody can say whether it
// took place: a server's answer was lost. It is offered again in the next run.
var ErrUnknown = errors.New("the message may have been accepted")

// An Envelope is what a target must know of a message.
type Envelope struct {
	// ID is the same for the same message in every run, and different for
	// different messages: 1 to 64 letters and digits, such as a hash in hex.
	ID string
	// Octets is the size as a listing has it, a hint; 0 if not known.
	Octets int64
	// Received is when the message came, as far as known: for names and
	// postmarks. None, one before 1970 and one to come stand for now.
	Received time.Time
	// Sender is for the postmark, and for SMTP where the target names none.
	// None, and what is no address, stand for MAILER-DAEMON and for <>.
	Sender string
	// Had are recipients that have the message from an earlier run, as
	// Error.Had says, and are left out (LMTP).
	Had []string
}

// A Target is a place that takes messages, one at a time. It is not for
// several goroutines at once. Every call ends soon after its ctx does; files on
// a network file system that hangs are beyond that.
type Target interface {
	// Begin starts a delivery. ErrHave: there is nothing to deliver. Other
	// errors are *Error.
	Begin(ctx context.Context, e Envelope) (Delivery, error)
	// Sync returns when all that was committed lasts. After an error nobody
	// may rely on anything committed since the Sync before: what did come
	// to last will be found by its ID. The target then takes no more.
	Sync(ctx context.Context) error
	// Close removes what was not committed, and from files what was not
	// synced, and releases all that was held. It may be called twice.
	Close() error
}

// A Delivery is one message on its way to a target.
type Delivery interface {
	// Write takes the message's octets. It fails when the ctx of Begin ends.
	io.Writer
	// Commit says that the message is whole. It lasts after Sync. After an
	// error nothing of the message is left, and the target goes on, unless
	// Begin says otherwise.
	Commit(ctx context.Context) error
	// Abort gives the message up: nothing of it is left. After Commit it
	// does nothing.
	Abort() error
}

// Options are what a target needs of its surroundings. The zero value is safe.
type Options struct {
	Now    func() time.Time // nil is time.Now
	Random io.Reader        // for names of temporary files; nil is crypto/rand
	FS     atomicfile.FS    // nil is the operating system's
	// Temp is the folder for messages of more than Memory on their way to a
	// server or a command. "" is the operating system's.
	Temp string
	// Memory is how much of messages is kept in memory on their way to an
	// mbox, a server or a command, in octets; more goes to a file. 0 is 1 MiB.
	Memory int
	// Timeout bounds each step: waiting for a lock, a connection, a reply,
	// a command's run. 0 is two minutes.
	Timeout time.Duration
	// TLSConfig has the certificates to trust; nil trusts the system's. The
	// server's name is set and verified whatever it says.
	TLSConfig *tls.Config
	// LocalName is what EHLO says; "" is localhost.
	LocalName string
	// Password is asked for the password of a spec that names a user.
	Password func(ctx context.Context, s Spec) (string, error)
	// Environ is the environment of a command, beside PATH, POPHERD_ID and
	// POPHERD_SENDER.
	Environ []string
	// Complaints takes all that a command says on standard error, of which an
	// error has only the start. nil: nobody wants it.
	Complaints io.Writer
}

const (
	defaultTimeout = 2 * time.Minute
	defaultMemory  = 1 << 20
)

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.FS == nil {
		o.FS = atomicfile.OS{}
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.LocalName == "" {
		o.LocalName = "localhost"
	}
	return o
}

// Open opens the target that spec names, as Parse reads it. Storage is made if
// it is not there, and what an earlier run left unfinished is cleared away. A
// server is connected to at the first Begin. The caller closes the target.
func Open(ctx context.Context, spec string, o Options) (Target, error) {
	s, err := Parse(spec)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, o)
}

// Open opens the target.
func (s Spec) Open(ctx context.Context, o Options) (Target, error) {
	o = o.filled()
	t := &target{name: s.String(), seen: map[key]bool{}}
	if err := ctx.Err(); err != nil {
		return nil, t.fault("open", err)
	}
	var err error
	switch s.Kind {
	case Maildir:
		t.store, err = openMaildir(ctx, s, o)
	case EML:
		t.store, err = openEML(ctx, s, o)
	case Mbox:
		t.store, err = openMbox(ctx, s, o)
	case SMTP, SMTPS, LMTP:
		t.store = openServer(s, o)
	case Pipe:
		t.store = openPipe(s, o)
	default:
		err = fmt.Errorf("kind %q is not known", s.Kind)
	}
	if err != nil {
		return nil, t.fault("open", err)
	}
	return t, nil
}
