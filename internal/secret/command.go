package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	commandLimit = 30 * time.Second
	// maxOutput is how much a command may print, in octets.
	maxOutput = 64 << 10
	// maxComplaint is how much is kept of the end of what a command complains
	// about, in octets.
	maxComplaint = 2 << 10
	// afterwards is how long children of a command may hold its output open
	// once it is over: an agent that it started, for example.
	afterwards = 2 * time.Second
)

// Command runs a command and returns the first line that it prints. No shell is
// involved. The command starts in the root folder, with an empty standard input
// and without a terminal, with environ, or this program's environment if that
// is nil. It has 30 s and may print 64 KiB; else, and when ctx ends, it is
// killed with its process group. If it fails, the error has the last line of
// what it said on standard error, and nothing of what it printed.
func Command(ctx context.Context, argv, environ []string) (Secret, error) {
	if len(argv) == 0 {
		return Secret{}, errors.New("command: there is none")
	}
	s, err := run(ctx, argv, environ, commandLimit)
	if err != nil {
		return Secret{}, fmt.Errorf("command %q: %w", argv[0], err)
	}
	return s, nil
}

// run is Command with its limit; errors do not name the command.
func run(ctx context.Context, argv, environ []string, limit time.Duration) (Secret, error) {
	if strings.ContainsRune(filepath.ToSlash(argv[0]), '/') && !filepath.IsAbs(argv[0]) {
		return Secret{}, advise(errRelative, "name the command alone, to be found in PATH, or its whole path")
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(bounded, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = environ, "/"
	said, complaint := &printed{cancel: cancel}, &complaint{}
	cmd.Stdout, cmd.Stderr = said, complaint
	cmd.WaitDelay = afterwards
	ownSession(cmd)
	err := cmd.Run()
	switch {
	case said.over:
		return Secret{}, fmt.Errorf("it printed more than %d octets", maxOutput)
	case err == nil, errors.Is(err, exec.ErrWaitDelay): // exit status 0, and a child that goes on
		return said.secret()
	case ctx.Err() != nil:
		return Secret{}, ctx.Err()
	case bounded.Err() != nil:
		return Secret{}, fmt.Errorf("it did not end within %v%s: %w", limit, complaint.text(said), bounded.Err())
	case errors.Is(err, exec.ErrNotFound):
		return Secret{}, advise(fmt.Errorf("it is not there: %w", exec.ErrNotFound), "give its whole path; no shell is involved, so name a script's shell as in [\"sh\", \"-c\", \"...\"]")
	}
	return Secret{}, fmt.Errorf("%w%s", reason(err), complaint.text(said))
}

// printed keeps what a command prints, which holds the secret.
type printed struct {
	buf    bytes.Buffer
	over   bool
	cancel func() // ends the command
}

// Write takes what is permitted.
func (p *printed) Write(octets []byte) (int, error) {
	if p.buf.Len()+len(octets) > maxOutput {
		p.over = true
		p.cancel()
		return 0, errLong
	}
	return p.buf.Write(octets)
}

func (p *printed) secret() (Secret, error) {
	if p.buf.Len() == 0 {
		return Secret{}, errors.New("it printed nothing")
	}
	return firstLine(p.buf.Bytes(), maxOutput)
}

// complaint keeps the end of what a command complains about.
type complaint struct {
	end []byte
	cut bool // before end there was more
}

// Write takes everything.
func (c *complaint) Write(octets []byte) (int, error) {
	c.end = append(c.end, octets[max(0, len(octets)-maxComplaint-1):]...)
	if drop := len(c.end) - maxComplaint; drop > 0 {
		c.end, c.cut = append(c.end[:0], c.end[drop:]...), true
	}
	return len(octets), nil
}

// text returns ": " and the last line of what was said, if anything was. What
// the command printed is taken out of it: "sh -x" repeats it, for example. A
// line that was cut is left out: it may begin with the end of the secret.
func (c *complaint) text(said *printed) string {
	text := string(c.end)
	if c.cut {
		_, text, _ = strings.Cut(text, "\n")
	}
	lines := strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := len(lines) - 1; i >= 0; i-- {
		if line := strings.TrimSpace(lines[i]); line != "" {
			return ": " + clean(said.hide(line))
		}
	}
	return ""
}

// hide takes every line that was printed out of a text.
func (p *printed) hide(text string) string {
	for line := range strings.FieldsFuncSeq(p.buf.String(), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" {
			text = strings.ReplaceAll(text, line, hidden)
		}
	}
	return text
}
