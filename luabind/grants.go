package luabind

import (
	"context"
	"crypto/tls"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/pop3"
)

// A Session is what the mirror drives. *pop3.Client is one; a host may give
// another that answers in a server's stead.
//
// A Session may also have the method TLS of *pop3.Client, by which M:stls()
// learns that the host has secured the session already.
type Session interface {
	// Greeting returns the server's first line, "+OK ...".
	Greeting() string
	// Cmd sends a command that is answered by a status line, and returns that.
	Cmd(ctx context.Context, verb string, args ...string) (string, error)
	// CmdText sends a command that is answered by a multi-line response. The
	// binding reads the Text to its end.
	CmdText(ctx context.Context, verb string, args ...string) (*pop3.Text, error)
	// Capabilities answers CAPA. The binding does not change the map.
	Capabilities(ctx context.Context) (pop3.Capabilities, error)
	// Stat answers STAT.
	Stat(ctx context.Context) (pop3.DropListing, error)
	// STLS makes the session secure; nil is the session's own configuration.
	STLS(ctx context.Context, config *tls.Config) (string, error)
	// APOP logs in with a digest of the secret.
	APOP(ctx context.Context, user, secret string) (string, error)
	// Quit commits, and closes in any case.
	Quit(ctx context.Context) (string, error)
	// Close drops the session without QUIT. It may be called more than once.
	Close() error
}

// A Marker is a Session that keeps a reason with every mark, for a report.
type Marker interface {
	// Mark is DELE of one message, named by a number or a word as the script
	// gave it, for a reason such as "dele at script.lua:12".
	Mark(ctx context.Context, which, reason string) (string, error)
}

// Grants are what a script may reach. A nil function raises kind "policy" when
// it is used. The zero value, and nil, grant nothing.
//
// The binding calls them from the goroutine that runs the script. It does not
// keep the sessions that Dial gives: a host that wants to close what a script
// left open keeps them itself.
type Grants struct {
	// Context returns the context of every call of a Session and of Dial; nil
	// means context.Background. It must not be the Lua state's own context,
	// which may count instructions.
	Context func() context.Context

	// Dial connects, and returns once the greeting was read.
	Dial func(ctx context.Context, r DialRequest) (Session, error)

	// TLSConfig makes the configuration for M:stls(context). Nil means
	// context.Config(nil), which refuses a context that names a file.
	TLSConfig func(c *TLSContext) (*tls.Config, error)

	Raw     bool                                // permits _shortcmd and _longcmd
	GetUser func() (string, error)              // getpass.getuser: the login name
	GetPass func(prompt string) (string, error) // getpass.getpass: asks without echo
	Debug   io.Writer                           // takes set_debuglevel's lines, secrets replaced; nil discards them

	Now    func() time.Time // the clock of time.now; nil means time.Now
	Script Script           // the module script

	// Asked, if set, is told of each use of Raw, or try of it: "raw", the
	// command's first word, and whether it is granted.
	Asked func(permission, object string, granted bool)

	// Log takes what log.debug, info, warn and error are given; nil discards
	// it. level is one of those names; texts hold any octets, as messages do,
	// but are of bounded length; fields may be nil.
	Log func(level, message string, fields map[string]string)

	DefaultTimeout time.Duration // of a constructor that names none; 0 leaves it to Dial
	MaxTimeout     time.Duration // the most that a script can ask for; 0 means any

	// Panicked is told of a Go panic in a binding or a grant, with its stack.
	// The script sees an error of kind "internal", which pcall can catch: a
	// host that wants to end the script cancels the Lua state's context here.
	Panicked func(value any, stack []byte)
}

// context returns the context of the next call.
func (g *Grants) context() context.Context {
	if g.Context == nil {
		return context.Background()
	}
	return g.Context()
}

// A DialRequest is what a script asked for with POP3 or POP3_SSL.
type DialRequest struct {
	Host    string                // a name or an address, as the script gave it
	Port    int                   // 1 to 65535
	TLS     bool                  // from the first octet (POP3_SSL)
	Timeout time.Duration         // of each wait; 0 is the host's default
	Context *TLSContext           // nil is the host's default
	Debug   func(pop3.TraceEvent) // wants the session's trace; never nil
}

// Address returns "host:port", with brackets around an IPv6 address.
func (r DialRequest) Address() string {
	host := r.Host
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(r.Port)
}

// Apply puts what the script asked for into the options of package pop3:
// Timeout, Debug (beside a Trace that is there) and Context, whose files are
// read by readFile; see TLSContext.Config.
func (r DialRequest) Apply(o *pop3.Options, readFile func(name string) ([]byte, error)) error {
	if r.Timeout > 0 {
		o.ConnectTimeout, o.HandshakeTimeout = r.Timeout, r.Timeout
		o.CommandTimeout, o.ReadTimeout = r.Timeout, r.Timeout
	}
	if first := o.Trace; first == nil {
		o.Trace = r.Debug
	} else if r.Debug != nil {
		o.Trace = func(e pop3.TraceEvent) { first(e); r.Debug(e) }
	}
	if r.Context == nil {
		return nil
	}
	config, err := r.Context.Config(readFile)
	if err != nil {
		return err
	}
	o.TLSConfig = config
	return nil
}
