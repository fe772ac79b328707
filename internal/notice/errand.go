package notice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/deliver"
)

// An errand is one notice on its way to a target.
type errand struct {
	whom     string // for errors
	spec     deliver.Spec
	options  deliver.Options
	envelope deliver.Envelope
	octets   []byte
	limit    time.Duration
}

// run delivers the notice, or says why not.
func (e errand) run(ctx context.Context) error {
	bounded, cancel := context.WithTimeout(ctx, e.limit)
	defer cancel()
	said := &complaint{}
	e.options.Complaints = said
	if t := e.options.Timeout; e.spec.Kind == deliver.Pipe || t <= 0 || t > e.limit {
		e.options.Timeout = e.limit
	}
	err := e.deliver(bounded)
	if err == nil {
		return nil
	}
	words := said.last(e.spec.Command)
	switch {
	case ctx.Err() != nil:
		return &failure{e.whom + ": " + ctx.Err().Error(), ctx.Err()}
	case bounded.Err() != nil:
		return &failure{fmt.Sprintf("%s: did not end within %v%s", e.whom, e.limit, words), bounded.Err()}
	}
	var fault *deliver.Error
	if !errors.As(err, &fault) {
		return &failure{e.whom + ": " + clean(err.Error(), longestMessage), err}
	}
	if e.spec.Kind == deliver.Pipe {
		return &failure{e.whom + ": " + ending(fault.Err) + words, nil}
	}
	text := e.whom + ": " + fault.Op + ": "
	if fault.Recipient != "" {
		text += "recipient " + fault.Recipient + ": "
	}
	return &failure{clean(text+fault.Err.Error(), longestMessage), fault.Err}
}

// deliver hands the notice over, and returns when it lasts.
func (e errand) deliver(ctx context.Context) (err error) {
	target, err := e.spec.Open(ctx, e.options)
	if err != nil {
		return err
	}
	defer func() {
		if closed := target.Close(); err == nil {
			err = closed
		}
	}()
	d, err := target.Begin(ctx, e.envelope)
	if errors.Is(err, deliver.ErrHave) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := d.Write(e.octets); err != nil {
		return errors.Join(err, d.Abort())
	}
	if err := d.Commit(ctx); err != nil {
		return err
	}
	return target.Sync(ctx)
}

// A failure is why somebody was not told. The error of a command is not what it
// wraps: that has what the command said, with all that may be in it.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// ending is how a command ended, or why it was not run.
func ending(err error) string {
	var status interface {
		error
		ExitCode() int
	}
	if errors.As(err, &status) {
		return status.Error() // without what the command said
	}
	return clean(err.Error(), longestName)
}

// complaint keeps the end of what a command says on standard error.
type complaint struct{ end []byte }

const maxComplaint = 2 << 10 // octets

// Write takes everything.
func (c *complaint) Write(octets []byte) (int, error) {
	c.end = append(c.end, octets[max(0, len(octets)-maxComplaint):]...)
	c.end = append(c.end[:0], c.end[max(0, len(c.end)-maxComplaint):]...)
	return len(octets), nil
}

// last returns ": " and the last line that was said, if there is one, without
// the arguments of the command.
func (c *complaint) last(argv []string) string {
	lines := strings.FieldsFunc(string(c.end), func(r rune) bool { return r == '\n' || r == '\r' })
	for _, line := range slices.Backward(lines) {
		if line = strings.TrimSpace(line); line != "" {
			return ": " + clean(hide(line, argv), 300)
		}
	}
	return ""
}

// hide takes out of a text whatever stands in an argument, too, and is five
// octets long. Of "Authorization: Bearer WORD" and https://HOST/WORD only a part
// is secret, and which one nobody can tell; a command may say any part of it.
func hide(text string, argv []string) string {
	const telling = 5
	secrets := map[string]bool{}
	for _, argument := range argv[min(1, len(argv)):] {
		for i := range max(0, len(argument)-telling+1) {
			secrets[argument[i:i+telling]] = true
		}
	}
	var b strings.Builder
	end := -1 // of what is hidden
	for i := range len(text) {
		if i+telling <= len(text) && secrets[text[i:i+telling]] {
			if i > end {
				b.WriteString("***")
			}
			end = i + telling
		}
		if i >= end {
			b.WriteByte(text[i])
		}
	}
	return b.String()
}
