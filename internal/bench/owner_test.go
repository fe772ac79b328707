package main

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/popherd/popherd/internal/dovecottest"
)

// Whatever ends the work, it is cleaned up, the last first, and the reason told.
func TestOwner(t *testing.T) {
	lost := errors.New("lost")
	for name, c := range map[string]struct {
		work func(t dovecottest.T) error
		want string
	}{
		"done":   {func(dovecottest.T) error { return nil }, ""},
		"error":  {func(dovecottest.T) error { return lost }, "lost"},
		"fatal":  {func(t dovecottest.T) error { t.Fatalf("no %s", "port"); return lost }, "no port"},
		"skip":   {func(t dovecottest.T) error { t.Skipf("absent"); return lost }, "absent"},
		"errors": {func(t dovecottest.T) error { t.Errorf("one"); return lost }, "one\nlost"},
	} {
		var order []int
		err := (&owner{log: io.Discard}).within(func(t dovecottest.T) error {
			t.Cleanup(func() { order = append(order, 1) })
			t.Cleanup(func() { order = append(order, 2) })
			return c.work(t)
		})
		if got := message(err); got != c.want || !slices.Equal(order, []int{2, 1}) {
			t.Errorf("%s: got %q, cleaned up %v, want %q and the last first", name, got, order, c.want)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--rows=scan,nothing", `row "nothing"`},
		{"--rounds=0", "at least 1"},
		{"--bigs=0", "at least 1"},
		{"-o yaml", `output "yaml"`},
		{"scan", `argument "scan"`},
	} {
		if _, err := parse(strings.Fields(c.args), io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s in it", c.args, err, c.want)
		}
	}
}
