//go:build !linux

package dovecottest

import "errors"

// master is never made here: Start has skipped the test by then.
type master struct{ done chan struct{} }

func launch(_, _, _ string) (*master, error) {
	return nil, errors.New("dovecot is only run on linux")
}

func (m *master) kill() {}

func (m *master) sessions() (int, error) { return 0, nil }
