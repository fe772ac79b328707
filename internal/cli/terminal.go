package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strings"
	"unicode"

	"golang.org/x/term"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/internal/secret"
)

// isTerminal reports whether a stream is one that a person looks at.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// checkColor checks the value of --color.
func checkColor(color string) error {
	switch color {
	case "auto", "always", "never":
		return nil
	}
	return &usageError{object: "--color", reason: fmt.Sprintf("there is no choice %q", color), hint: "give auto, always or never"}
}

// colored reports whether w is to get colours.
func (sh *shell) colored(w io.Writer) bool {
	switch sh.color {
	case "always":
		return true
	case "never":
		return false
	}
	return isTerminal(w) && sh.Getenv("NO_COLOR") == "" && sh.Getenv("TERM") != "dumb"
}

// A printer is where the script's print goes.
type printer interface {
	io.Writer
	Flush() error
}

// outputError is standard output that does not take what it is given. Scripts
// see it as kind "output".
type outputError struct{ reason string }

func (e *outputError) Error() string { return "standard output: " + e.reason }
func (e *outputError) Kind() string  { return "output" }

// output makes errors of a stream outputErrors.
type output struct{ io.Writer }

func (o output) Write(octets []byte) (int, error) {
	n, err := o.Writer.Write(octets)
	if onPath := (*fs.PathError)(nil); errors.As(err, &onPath) {
		err = onPath.Err // without the name that Go has for it
	}
	if err != nil {
		err = &outputError{err.Error()}
	}
	return n, err
}

// immediate is a printer that buffers nothing, and makes room for what it
// prints.
type immediate struct {
	io.Writer
	bar *progress
}

func (p immediate) Write(octets []byte) (int, error) {
	p.bar.hide()
	return p.Writer.Write(octets)
}

func (immediate) Flush() error { return nil }

// printer returns the script's standard output. A terminal sees every line at
// once; anything else is buffered.
func (sh *shell) printer(format string, bar *progress) printer {
	w := sh.Stdout
	if format == "json" || format == "ndjson" {
		w = sh.Stderr
	}
	if isTerminal(w) {
		return immediate{output{w}, bar}
	}
	return bufio.NewWriterSize(output{w}, 64<<10)
}

// clean makes foreign text fit for a terminal: one line, no controls, no
// octets that are not UTF-8.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || r == '\n' || r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == unicode.ReplacementChar:
			return '\uFFFD'
		}
		return r
	}, s)
}

// cleanText is clean for text of several lines.
func cleanText(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, "\t"))
		lines[i] = strings.Repeat("  ", indent) + clean(line[indent:])
	}
	return strings.Join(lines, "\n")
}

// complain tells a person what went wrong, and on a line of its own what to do.
func (sh *shell) complain(err error) {
	if sh.logFormat == logJSON {
		sh.complainInJSON(err)
		return
	}
	if faults := (*config.Errors)(nil); errors.As(err, &faults) {
		sh.complainOf(faults)
		return
	}
	fmt.Fprintf(sh.Stderr, "popherd: %s\n", clean(err.Error()))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintf(sh.Stderr, "hint: %s\n", clean(hint))
	}
	if traceback := tracebackOf(err); sh.verbose && traceback != "" {
		fmt.Fprintln(sh.Stderr, cleanText(strings.TrimRight(traceback, "\n")))
	}
}

// complainOf tells of each fault of a configuration, with its line.
func (sh *shell) complainOf(faults *config.Errors) {
	for _, fault := range faults.List {
		fmt.Fprintf(sh.Stderr, "popherd: %s\n", clean(fault.Error()))
		if fault.Excerpt != "" {
			fmt.Fprintln(sh.Stderr, cleanText(fault.Excerpt))
		}
		if fault.Advice != "" {
			fmt.Fprintf(sh.Stderr, "hint: %s\n", clean(fault.Advice))
		}
	}
	if faults.More > 0 {
		fmt.Fprintf(sh.Stderr, "popherd: config: at least %d more faults\n", faults.More)
	}
}

// hintOf is what an error says to do about it, if anything.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}

// tracebackOf is where a script stood when it raised, if it did.
func tracebackOf(err error) string {
	if crossed := (*failure)(nil); errors.As(err, &crossed) {
		return crossed.Traceback
	}
	if raised := (*script.Error)(nil); errors.As(err, &raised) {
		return raised.Traceback
	}
	return ""
}

// userName is getpass.getuser: as in Python, the first of four variables, and
// else who runs the process.
func (sh *shell) userName() (string, error) {
	for _, name := range []string{"LOGNAME", "USER", "LNAME", "USERNAME"} {
		if who := sh.Getenv(name); who != "" {
			return who, nil
		}
	}
	current, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("nobody knows who runs this, set LOGNAME: %w", err)
	}
	return current.Username, nil
}

// passwordPrompt is getpass.getpass: it asks on the terminal, without echo, one
// question at a time, until the context of a question ends. A local maildrop
// takes any password, so that nobody is asked for one. interrupt is called if the
// person wants to stop: Ctrl-C comes as a key there.
func (sh *shell) passwordPrompt(local bool, interrupt func()) func(ctx context.Context, prompt string) (string, error) {
	if local {
		return func(context.Context, string) (string, error) { return "local", nil }
	}
	return func(ctx context.Context, prompt string) (string, error) {
		select {
		case sh.turn <- struct{}{}:
			defer func() { <-sh.turn }()
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
		keys, err := sh.keys()
		if err != nil {
			return "", err
		}
		password, err := keys.hiddenLine(ctx, sh.Stderr, prompt)
		if errors.Is(err, errLeft) {
			interrupt()
		}
		return password, err
	}
}

// noTerminal is that there is nobody to ask.
type noTerminal struct{}

func (noTerminal) Error() string { return "terminal: there is none to ask for a password on" }
func (noTerminal) Hint() string {
	return "run it on a terminal, or give the password with --password-stdin"
}
func (noTerminal) Unwrap() error { return secret.ErrNobody }

// terminal is what a person types on: standard input, or if that is something
// else the terminal that the process belongs to.
func (sh *shell) terminal() (*os.File, error) {
	if file, ok := sh.Stdin.(*os.File); ok && isTerminal(file) {
		return file, nil
	}
	file, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil || sh.Executable == "" {
		return nil, noTerminal{}
	}
	return file, nil
}
