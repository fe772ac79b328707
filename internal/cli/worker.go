package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/worker"
	"github.com/popherd/popherd/pop3"
)

// Kinds of events and questions between the worker and its supervisor.
const (
	eventPrint    = 'p' // octets for standard output
	eventTalk     = 't' // octets for standard error
	eventProgress = 'g' // a progressEvent
	eventStep     = 's' // a run.Step
	eventLog      = 'l' // a logEvent
	askAudit      = 'r' // a policy.Request; answered once it is written
	askFlush      = 'f' // answered once all that was printed is written
	askUser       = 'u' // the answer is the user's name
	askPassword   = 'w' // the question is the prompt
	askAdmit      = 'a' // the question is a host name
	askCredential = 'c' // the question is a credentialQuestion, the answer a credentialAnswer
)

// progressEvent are the arguments of run.Options.Progress.
type progressEvent struct {
	Stage       string
	Done, Total int
}

// logEvent are the arguments of run.Options.Log.
type logEvent struct {
	Level, Message string
	Fields         map[string]string
}

// A result is what a worker finishes with.
type result struct {
	Report  *run.Report
	Failure *failure // nil if all went well
}

// A failure is an error that crossed from the worker.
type failure struct {
	Status    int // the exit status
	Message   string
	HintText  string
	Traceback string
	Kind      string // and the following, of an error object
	Where     string
	Code      string
	Cut       bool // the connection ended in the middle of a TLS handshake
}

func (f *failure) Error() string { return f.Message }

// Hint says what to do, if anything can be done.
func (f *failure) Hint() string { return f.HintText }

// newFailure says of err what will be needed on the other side.
func newFailure(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{Status: exitStatus(err), Message: err.Error(), HintText: hintOf(err), Traceback: tracebackOf(err)}
	if fault := faultOf(err); fault != nil {
		f.Kind, f.Where, f.Code = fault.Kind, fault.Where, fault.Code
	}
	f.Cut = wasCut(err)
	return f
}

// wasCut reports whether the connection ended in the middle of a TLS handshake,
// as when a server starts: there is nothing wrong with its certificate then.
func wasCut(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.As(err, new(*pop3.TLSError)) && errors.Is(err, end) {
			return true
		}
	}
	return false
}

// workerCommand is the other half of run: a process that does one job and
// talks to its supervisor alone. It is not for people.
func (sh *shell) workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    workerName,
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return sh.work(cmd.Context())
		},
	}
}

const workerName = "__worker"

func (sh *shell) work(ctx context.Context) error {
	w, err := worker.Attach(ctx, sh.Stdin, sh.Stdout)
	if err != nil {
		return &usageError{object: workerName, reason: err.Error(), hint: "popherd run starts it by itself"}
	}
	var j job
	if err := json.Unmarshal(w.Job(), &j); err != nil {
		return err
	}
	j.admit = func(host string) error {
		_, err := w.Ask(w.Context(), askAdmit, []byte(host))
		return err
	}
	stdout := &lazy{w: w, to: bufio.NewWriterSize(events{w, eventPrint}, 64<<10)}
	report, err := j.perform(w.Context(), outsideOf(w, stdout))
	if passed := stdout.pass(); err == nil { // the supervisor writes it
		err = passed
	}
	octets, err := json.Marshal(result{report, newFailure(err)})
	if err != nil {
		return err
	}
	return w.Finish(octets)
}

// events is a stream to the supervisor.
type events struct {
	w    *worker.Worker
	kind byte
}

func (e events) Write(octets []byte) (int, error) {
	return len(octets), e.w.Send(e.kind, octets)
}

// A lazy stream is flushed soon after it was written to, so that many small
// prints make few events and a person waits for none.
type lazy struct {
	mu  sync.Mutex
	to  *bufio.Writer
	w   *worker.Worker
	due bool // it will be passed on
}

const laziness = 20 * time.Millisecond

func (l *lazy) Write(octets []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.due {
		l.due = true
		time.AfterFunc(laziness, func() { _ = l.pass() }) // the next write meets the error
	}
	return l.to.Write(octets)
}

// Flush returns once the supervisor has written everything.
func (l *lazy) Flush() error {
	if err := l.pass(); err != nil {
		return err
	}
	if _, err := l.w.Ask(l.w.Context(), askFlush, nil); err != nil {
		return &outputError{strings.TrimPrefix(err.Error(), (&outputError{}).Error())}
	}
	return nil
}

// pass gives the supervisor what was written so far.
func (l *lazy) pass() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.due = false
	return l.to.Flush()
}

// outsideOf is the world by way of the supervisor.
func outsideOf(w *worker.Worker, stdout *lazy) outside {
	ask := func(kind byte, question string) (string, error) {
		if err := stdout.pass(); err != nil {
			return "", err
		}
		answer, err := w.Ask(w.Context(), kind, []byte(question))
		if err != nil && w.Context().Err() != nil {
			err = errLeft
		}
		return string(answer), err
	}
	var last time.Time // a progress was told
	return outside{
		stdout:  stdout,
		talk:    events{w, eventTalk},
		getUser: func() (string, error) { return ask(askUser, "") },
		getPass: func(_ context.Context, prompt string) (string, error) { return ask(askPassword, prompt) },
		progress: func(stage string, done, total int) {
			if now := time.Now(); done == total || now.Sub(last) > laziness {
				last = now
				send(w, eventProgress, progressEvent{stage, done, total})
			}
		},
		step: func(s run.Step) { send(w, eventStep, s) },
		log: func(level, message string, fields map[string]string) {
			send(w, eventLog, logEvent{level, message, fields})
		},
		credential: func(_ context.Context, name string, refused bool) (login.Credential, error) {
			question, err := json.Marshal(credentialQuestion{name, refused})
			if err != nil {
				return login.Credential{}, err
			}
			answer, err := ask(askCredential, string(question))
			if err != nil {
				return login.Credential{}, err
			}
			return openCredential([]byte(answer))
		},
		audit: func(r policy.Request) error {
			request, err := json.Marshal(r)
			if err == nil {
				_, err = w.Ask(w.Context(), askAudit, request)
			}
			return err
		},
	}
}

// send gives the supervisor an event in JSON. A supervisor that is gone ends
// the worker, so that there is no error to return.
func send(w *worker.Worker, kind byte, event any) {
	octets, err := json.Marshal(event)
	if err == nil {
		err = w.Send(kind, octets)
	}
	_ = err
}
