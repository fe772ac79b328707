package deliver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"
)

// pipe runs a command for each message, which it reads from its standard input
// until the end. No shell is involved. The command says with its exit status
// what became of the message: 0 is done, 75 (EX_TEMPFAIL) is to be tried again,
// anything else is refused. It starts when the message is whole, so that it
// never takes half of one for all.
type pipe struct {
	spec  Spec
	o     Options
	spool spool
}

func openPipe(spec Spec, o Options) *pipe {
	return &pipe{spec: spec, o: o, spool: spool{fs: o.FS, most: o.Memory, path: o.temporary}}
}

func (p *pipe) have(context.Context, string) (bool, error) { return false, nil }

func (p *pipe) sync(context.Context) error { return nil }

func (p *pipe) close() error { return p.spool.reset() }

func (p *pipe) begin(_ context.Context, e Envelope) (draft, error) {
	return &parcel{p, e}, p.spool.reset()
}

// parcel is a message in the spool.
type parcel struct {
	*pipe
	e Envelope
}

func (p *parcel) Write(octets []byte) (int, error) { return p.spool.Write(octets) }

func (p *parcel) abort() error { return p.spool.reset() }

func (p *parcel) commit(ctx context.Context) error {
	return errors.Join(p.run(ctx), p.spool.reset())
}

const (
	// tempFail is the exit status of sysexits.h for "try again".
	tempFail = 75
	// maxComplaint is how much of a command's complaints is kept, in octets.
	maxComplaint = 1024
	// afterwards is how long children of the command may hold its standard
	// error open once it is over.
	afterwards = 2 * time.Second
	// searchPath is the command's own PATH.
	searchPath = "PATH=/usr/local/bin:/usr/bin:/bin"
)

func (p *parcel) run(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	argv := p.spec.Command
	cmd := exec.CommandContext(bounded, argv[0], argv[1:]...)
	cmd.Env = append([]string{searchPath}, p.o.Environ...)
	cmd.Env = append(cmd.Env, "POPHERD_ID="+p.e.ID)
	if isAddress(p.e.Sender, false) {
		cmd.Env = append(cmd.Env, "POPHERD_SENDER="+p.e.Sender)
	}
	cmd.Dir = "/"
	cmd.Stdin = p.spool.reader()
	var complaint complaint
	cmd.Stderr = &complaint
	if p.o.Complaints != nil {
		cmd.Stderr = io.MultiWriter(&complaint, p.o.Complaints)
	}
	cmd.WaitDelay = afterwards
	ownGroup(cmd)
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case bounded.Err() != nil:
		return temporarily(fmt.Errorf("command %q did not end within %v%s", argv[0], p.o.Timeout, complaint.text()))
	case errors.Is(err, exec.ErrWaitDelay):
		return nil // exit status 0, and a child that goes on
	}
	var status *exec.ExitError
	if !errors.As(err, &status) {
		return err
	}
	err = fmt.Errorf("command %q: %w%s", argv[0], err, complaint.text())
	if code := status.ExitCode(); code == tempFail || code < 0 { // or killed
		return temporarily(err)
	}
	return err
}

// complaint keeps the start of what a command says.
type complaint struct{ buf bytes.Buffer }

// Write keeps what there is room for, and takes everything.
func (c *complaint) Write(p []byte) (int, error) {
	c.buf.Write(p[:min(len(p), maxComplaint-c.buf.Len())])
	return len(p), nil
}

// text returns ": " and what was said, if anything was.
func (c *complaint) text() string {
	said := bytes.TrimSpace(bytes.ToValidUTF8(c.buf.Bytes(), []byte("?")))
	if len(said) == 0 {
		return ""
	}
	return ": " + string(said)
}
