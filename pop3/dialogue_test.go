package pop3_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/popherd/popherd/pop3"
	"github.com/popherd/popherd/pop3/pop3test"
)

// TestDialogues plays the client's side of every file in testdata, by its
// notes:
//
//	mode: insecure | plain | stls | tls    how to connect; insecure is the
//	                      default and has InsecureAllowPlaintext
//	option: NAME VALUE    a field of Options
//	do: COMMAND ARG...    one call; see commands_test.go
//	want: RESULT          of the call above, or of connecting; success, with
//	                      any value, if missing
//
// A RESULT is "ok", with the value if there is one, or what describe makes of
// an error. After an error that ends the session every later call must be
// ErrBroken; no trace and no error may have a secret in it.
func TestDialogues(t *testing.T) {
	pop3test.Run(t, os.DirFS("testdata"), "*.txt", func(t *testing.T, d *pop3test.Dialogue) {
		synctest.Test(t, func(t *testing.T) { drive(t, d) })
	})
}

// A driver is the client's side of one dialogue.
type driver struct {
	t       *testing.T
	c       *pop3.Client
	ca      *pop3test.CA
	traced  []pop3.TraceEvent
	errs    []error
	secrets []string
}

// A call is one "do" with its "want".
type call struct {
	line     int
	do, want string
}

// anyValue is wanted by a call without a "want".
const anyValue = "ok ..."

func drive(t *testing.T, d *pop3test.Dialogue) {
	driver := &driver{t: t, ca: d.CA(t)}
	options := &pop3.Options{
		Dialer:    d.Dialer(t),
		TLSConfig: d.CA(t).ClientConfig(),
		Trace:     func(e pop3.TraceEvent) { driver.traced = append(driver.traced, e) },
	}
	mode, calls := readNotes(t, d.Notes, options)
	for _, call := range calls {
		got := driver.run(call.do, func() (string, error) {
			if call.do == "connect" {
				return "", driver.connect(mode, options)
			}
			return driver.do(strings.Fields(call.do))
		})
		if got != call.want && (call.want != anyValue || !strings.HasPrefix(got, "ok")) {
			t.Errorf("line %d: %s\n got %s\nwant %s", call.line, call.do, got, call.want)
		}
	}
	if driver.c != nil {
		driver.checkDead()
		driver.c.Close()
	}
	driver.checkSecrets()
}

// readNotes takes the notes of a dialogue apart.
func readNotes(t *testing.T, notes []pop3test.Note, options *pop3.Options) (mode string, calls []call) {
	mode = "insecure"
	calls = []call{{1, "connect", anyValue}}
	for _, n := range notes {
		switch n.Name {
		case "mode":
			mode = n.Value
		case "option":
			setOption(t, options, n.Value)
		case "do":
			calls = append(calls, call{n.Line, n.Value, anyValue})
		case "want":
			calls[len(calls)-1].want = n.Value
		default:
			t.Fatalf("line %d: no such note: %s", n.Line, n.Name)
		}
	}
	return mode, calls
}

func setOption(t *testing.T, o *pop3.Options, text string) {
	name, value, _ := strings.Cut(text, " ")
	d, _ := time.ParseDuration(value)
	n, _ := strconv.ParseInt(value, 10, 64)
	switch name {
	case "CommandTimeout":
		o.CommandTimeout = d
	case "ReadTimeout":
		o.ReadTimeout = d
	case "SessionTimeout":
		o.SessionTimeout = d
	case "HandshakeTimeout":
		o.HandshakeTimeout = d
	case "NoPipelining":
		o.NoPipelining = value == "true"
	case "MinThroughput":
		o.MinThroughput = int(n)
	case "MaxMessage":
		o.MaxMessage = n
	case "MaxListing":
		o.MaxListing = n
	default:
		t.Fatalf("no such option: %s", name)
	}
}

// run makes one call and says how it ended.
func (d *driver) run(name string, f func() (string, error)) string {
	value, err := f()
	if err != nil {
		d.errs = append(d.errs, err)
		return describe(err)
	}
	return strings.TrimRight("ok "+value, " ")
}

func (d *driver) connect(mode string, o *pop3.Options) (err error) {
	const addr = pop3test.Host + ":110"
	switch mode {
	case "insecure":
		o.InsecureAllowPlaintext = true
		d.c, err = pop3.Dial(d.t.Context(), addr, o)
	case "plain":
		d.c, err = pop3.Dial(d.t.Context(), addr, o)
	case "stls":
		d.c, err = pop3.DialSTLS(d.t.Context(), addr, o)
	case "tls":
		d.c, err = pop3.DialTLS(d.t.Context(), addr, o)
	default:
		d.t.Fatalf("no such mode: %s", mode)
	}
	return err
}

// checkDead makes sure that a session is as its last error says: out of step
// and closed, or usable.
func (d *driver) checkDead() {
	if !slices.ContainsFunc(d.errs, fatal) {
		return
	}
	for _, name := range []string{"noop", "stat", "list", "retr 1", "capa", "mark 1", "retr-each 1 2", "quit"} {
		_, err := d.do(strings.Fields(name))
		if !errors.Is(err, pop3.ErrBroken) {
			d.t.Errorf("%s after the session broke: got %v, want ErrBroken", name, err)
		}
	}
	if got := d.c.State(); got != pop3.Closed {
		d.t.Errorf("state after the session broke: got %v, want CLOSED", got)
	}
}

// fatal reports whether err must have ended the session.
func fatal(err error) bool {
	var (
		protocol *pop3.ProtocolError
		limit    *pop3.LimitError
		timeout  *pop3.TimeoutError
		tls      *pop3.TLSError
	)
	if errors.Is(err, pop3.ErrCommitUnknown) {
		return false // Quit closes: what comes after is ErrClosed or ErrBroken
	}
	return errors.Is(err, io.ErrClosedPipe) || errors.As(err, &protocol) || errors.As(err, &limit) || errors.As(err, &timeout) || errors.As(err, &tls)
}

// hide notes a secret that must not be seen again, and its other forms.
func (d *driver) hide(secret string) {
	d.secrets = append(d.secrets, secret, base64.StdEncoding.EncodeToString([]byte(secret)))
}

func (d *driver) checkSecrets() {
	seen := fmt.Sprintf("%+v", d.traced)
	for _, err := range d.errs {
		seen += fmt.Sprintf("\n%v", err)
		if refused := (*pop3.Error)(nil); errors.As(err, &refused) {
			seen += fmt.Sprintf(" %+v", *refused)
		}
		if protocol := (*pop3.ProtocolError)(nil); errors.As(err, &protocol) {
			seen += fmt.Sprintf(" %+v", *protocol)
		}
	}
	for _, secret := range d.secrets {
		if strings.Contains(strings.ToLower(seen), strings.ToLower(secret)) {
			d.t.Errorf("the secret %q is in a trace or an error:\n%s", secret, seen)
		}
	}
}

// describe is an error as "want" has it: its type, and what a caller acts on.
func describe(err error) string {
	var (
		refused  *pop3.Error
		protocol *pop3.ProtocolError
		argument *pop3.ArgumentError
		timeout  *pop3.TimeoutError
		limit    *pop3.LimitError
		tls      *pop3.TLSError
	)
	if pipeline := (*stopped)(nil); errors.As(err, &pipeline) {
		return pipeline.answers
	}
	switch {
	case errors.Is(err, pop3.ErrCommitUnknown):
		return "ErrCommitUnknown"
	case errors.As(err, &refused):
		return describeRefusal(refused)
	case errors.As(err, &protocol):
		return "ProtocolError " + protocol.Reason
	case errors.As(err, &argument):
		return fmt.Sprintf("ArgumentError %s %s", argument.Argument, argument.Reason)
	case errors.As(err, &timeout):
		return "TimeoutError " + timeout.Op
	case errors.As(err, &limit):
		return fmt.Sprintf("LimitError %s %d", limit.What, limit.Limit)
	case errors.As(err, &tls):
		return "TLSError"
	}
	for name, sentinel := range sentinels {
		if errors.Is(err, sentinel) {
			return name
		}
	}
	return err.Error()
}

var sentinels = map[string]error{
	"ErrClosed":    pop3.ErrClosed,
	"ErrBroken":    pop3.ErrBroken,
	"ErrBusy":      pop3.ErrBusy,
	"ErrPlaintext": pop3.ErrPlaintext,
	"ErrNoSTLS":    pop3.ErrNoSTLS,
	"ErrTLSActive": pop3.ErrTLSActive,
	"ErrNoAPOP":    pop3.ErrNoAPOP,
}

func describeRefusal(e *pop3.Error) string {
	text := "Error"
	if e.Code != "" {
		text += fmt.Sprintf(" [%s]", e.Code)
	}
	if e.Temporary() {
		text += " temporary:"
	}
	return strings.TrimRight(text+" "+e.Text, " ")
}
