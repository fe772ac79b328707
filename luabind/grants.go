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

// A Reader is a Session that gives the text of every message, of those that
// are marked as well: a script may look at a message after it decided to delete
// it. Without it the text is what CmdText answers to TOP and RETR.
type Reader interface {
	// Read is TOP of message n with so many lines, or with pop3.Whole RETR. The
	// binding reads the Text to its end.
	Read(ctx context.Context, n, lines int) (*pop3.Text, error)
}

// A Marker is a Session that keeps a reason with every mark, for a report.
type Marker interface {
	// Mark is DELE of one message, named by a number or a word as the script
	// gave it, for a reason such as "dele at script.lua:12".
	Mark(ctx context.Context, which, reason string) (string, error)
}

// An Expecter is a Session that reads ahead what it is told will be asked for,
// so that a server far away is not waited for once a message.
type Expecter interface {
	// Expect names what will be asked for from now on, in this order: TOP with
	// so many lines, or with pop3.Whole RETR. It replaces what was expected
	// before; no numbers mean that nothing is. It is a hint: nothing fails.
	Expect(ctx context.Context, lines int, numbers []int)
}

// A Lister is a Session that knows what LIST and UIDL say, or can ask for both
// at once.
type Lister interface {
	// Messages returns the messages that are not marked, by message-number.
	Messages(ctx context.Context) ([]Listed, error)
}

// Listed is a message of a scan listing.
type Listed struct {
	Number   int    // the message-number, from 1
	UniqueID string // "" where the server has none
	Octets   int64  // as the server says

	// What a journal remembers, if the session is Journaled.
	New       bool      // no run that committed has dealt with it
	FirstSeen time.Time // when it was listed first; zero if nobody remembers
}

// A Journaled session may have a journal of what earlier runs saw.
type Journaled interface {
	// Journaled reports whether it has one, and thus whether New and FirstSeen
	// of what its Messages lists mean something. A session that is no Lister
	// has none.
	Journaled() bool
}

// Values are what scripts keep from run to run, under names of 1 to 255 octets.
// They are the binding's own texts, at most 64 KiB each, any octets; whole
// numbers are decimal, so that Incr can add. An error is the host's fault
// unless it has a method Kind: one of a limit has kind "limit".
type Values interface {
	// Get returns a value, and whether it is there.
	Get(ctx context.Context, name string) (value string, ok bool, err error)
	// Set keeps a value until it expires, the zero time being never. Nil
	// removes it.
	Set(ctx context.Context, name string, value *string, expires time.Time) error
	// Incr adds to a decimal number, to 0 if it is not there, and returns the
	// sum. When it expires does not change.
	Incr(ctx context.Context, name string, by int64) (int64, error)
	// Expire sets when a value expires, the zero time being never, and reports
	// whether it is there.
	Expire(ctx context.Context, name string, at time.Time) (bool, error)
}

// A ReadAheader is a Session that can guess what a script will ask for next.
type ReadAheader interface {
	// AllowReadAhead permits, or forbids again, to retrieve messages whole
	// before the script asks, which a server may take for read.
	AllowReadAhead(allowed bool)
}

// A Decider is a Session that keeps decisions about messages on a plan. Without
// it a message is deleted by DELE, kept by nothing, and cannot be delivered.
type Decider interface {
	// Decide takes a decision about message n. Of delete and keep the last
	// counts; deliveries add up.
	Decide(ctx context.Context, n int, d Decision) error
}

// The actions of a Decision.
const (
	ActionDelete  = "delete"
	ActionKeep    = "keep"
	ActionDeliver = "deliver"
)

// A Decision is what a script or a rule decided about a message. Its texts may
// hold any characters, as messages do, but are of bounded length.
type Decision struct {
	Action   string // ActionDelete, ActionKeep or ActionDeliver
	Target   string // of a delivery: its name
	Reason   string // never empty
	Rule     string // the rule's name; "" if a script decided itself
	Evidence string // which predicates held; "" if none were asked
}

// An Explainer is a Session that is told how each message was judged. It is
// used when Grants.Explain is set.
type Explainer interface {
	// Explain takes the lines about message n: of each rule what it says, and
	// of each of its predicates whether it held.
	Explain(n int, lines []string)
}

// An AccountSession is what Grants.Account gives: a session that is logged in,
// and what it is a session of.
type AccountSession struct {
	Session Session // the host closes it
	Name    string  // the account's
	Host    string  // the server's name or address
	Port    int     // 1 to 65535
	TLS     bool    // from the first octet
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

	// Account gives a session of the account of that name, connected and logged
	// in; of the account that the host chose if name is "". debug wants the
	// session's trace, and is never nil.
	Account func(ctx context.Context, name string, debug func(pop3.TraceEvent)) (AccountSession, error)

	// TLSConfig makes the configuration for M:stls(context). Nil means
	// context.Config(nil), which refuses a context that names a file.
	TLSConfig func(c *TLSContext) (*tls.Config, error)

	Raw     bool                                // permits _shortcmd and _longcmd
	GetUser func() (string, error)              // getpass.getuser: the login name
	GetPass func(prompt string) (string, error) // getpass.getpass: asks without echo
	Debug   io.Writer                           // takes set_debuglevel's lines, secrets replaced; nil discards them

	Now     func() time.Time // the clock of time.now and of a message's age; nil means time.Now
	Script  Script           // the module script
	Explain bool             // an Explainer is told how rules judge

	// State gives the values of the account whose session was opened last, or
	// says that there is none. It is asked for each use of the module state.
	// What a script sets it reads back at once; it lasts when the host commits,
	// and is gone if the script fails and after a dry run.
	State func() (Values, error)

	// Save is part:save(target): it keeps an attachment's octets, which it must
	// not change, in a folder that the target names, and returns the name of
	// the file. The suggested name is what a stranger wrote, without a path or
	// controls, of 1 to 150 octets; it may be there already.
	Save func(ctx context.Context, target, suggested string, octets []byte) (name string, err error)

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

// now is the host's clock.
func (g *Grants) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
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
