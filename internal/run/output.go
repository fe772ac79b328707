package run

import (
	"fmt"
	"io"
)

// An OutputError is a script that printed more than it may.
type OutputError struct{ Limit int64 }

// Error implements error.
func (e *OutputError) Error() string {
	return fmt.Sprintf("the script printed more than %d octets", e.Limit)
}

// Kind is "limit", under which scripts see it.
func (e *OutputError) Kind() string { return "limit" }

// Hint says how to give it more.
func (e *OutputError) Hint() string {
	return "give it more with --max-output, as in --max-output 1G"
}

// An output passes on what is printed, up to a limit.
type output struct {
	to    io.Writer
	left  int64
	limit int64
}

func (o *output) Write(octets []byte) (int, error) {
	if o.left -= int64(len(octets)); o.left < 0 {
		return 0, &OutputError{o.limit}
	}
	return o.to.Write(octets)
}

// stdout is Options.Stdout under MaxOutput.
func (o *Options) stdout() io.Writer {
	if o.Stdout == nil || o.MaxOutput <= 0 {
		return o.Stdout
	}
	return &output{o.Stdout, o.MaxOutput, o.MaxOutput}
}
