package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"github.com/popherd/popherd/internal/dovecottest"
)

// An owner is what a Dovecot belongs to where there is no test: it ends the
// server when the work is done.
type owner struct {
	log      io.Writer
	cleanups []func()
	err      error
}

// within calls f, in a goroutine that Fatalf and Skipf can end, and cleans up.
func (o *owner) within(f func(t dovecottest.T) error) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f(o); err != nil {
			o.err = errors.Join(o.err, err)
		}
	}()
	<-done
	for _, cleanup := range slices.Backward(o.cleanups) {
		cleanup()
	}
	return o.err
}

// Helper does nothing.
func (o *owner) Helper() {}

// Cleanup has f called in the end, the last one first.
func (o *owner) Cleanup(f func()) { o.cleanups = append(o.cleanups, f) }

// Errorf notes an error.
func (o *owner) Errorf(format string, args ...any) {
	o.err = errors.Join(o.err, fmt.Errorf(format, args...))
}

// Failed reports whether an error was noted.
func (o *owner) Failed() bool { return o.err != nil }

// Fatalf notes an error and ends the work.
func (o *owner) Fatalf(format string, args ...any) {
	o.Errorf(format, args...)
	runtime.Goexit()
}

// Logf writes to the log.
func (o *owner) Logf(format string, args ...any) { fmt.Fprintf(o.log, format+"\n", args...) }

// Skipf is the same as Fatalf: a program that cannot work says so.
func (o *owner) Skipf(format string, args ...any) { o.Fatalf(format, args...) }
