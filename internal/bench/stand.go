package main

import (
	"context"
	"crypto/tls"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/popherd/popherd/internal/dovecottest"
)

// password is every user's.
const password = "secret"

// scripts are popherd's scripts, and the peer's in Python.
//
//go:embed scripts
var scripts embed.FS

// A stand is where all contestants run: one Dovecot, its maildrops, and the
// programs.
type stand struct {
	server    *dovecottest.Server
	trust     *tls.Config
	plain     string // address of the delaying proxy to POP3
	shapes    map[string]shape
	maildrops map[string]*maildrop
	copies    int

	popherd, python, mpop string // paths; empty if not there
	scripts               string // path of the folder
	scratch               string // path of a folder for what contestants write
	log                   io.Writer
}

// newStand starts what all rows need. It ends with t.
func newStand(ctx context.Context, t dovecottest.T, o options, log io.Writer) (*stand, error) {
	s := &stand{
		// That a message was retrieved is noted nowhere: nobody pays for the
		// flags of the first who does.
		server: dovecottest.Start(t, dovecottest.Options{Extra: "pop3_no_flag_updates = yes"}), shapes: shapes(o.quick, o.bigs),
		maildrops: map[string]*maildrop{}, popherd: o.popherd, log: log,
	}
	s.trust = &tls.Config{RootCAs: s.server.Pool, ServerName: "localhost"}
	s.python, s.mpop = s.find("python3", "poplib"), s.find("mpop", "mpop")
	var err error
	if s.plain, err = delayed(ctx, s.server.Addr()); err != nil {
		return nil, err
	}
	if s.scratch, err = os.MkdirTemp("", "bench"); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(s.scratch); err != nil {
			t.Errorf("%v", err)
		}
	})
	s.scripts = filepath.Join(s.scratch, "scripts")
	inside, err := fs.Sub(scripts, "scripts")
	if err == nil {
		err = os.CopyFS(s.scripts, inside)
	}
	if err == nil && s.popherd == "" {
		err = s.build(ctx)
	}
	return s, err
}

// find returns the path of a program, or says that a column stays empty.
func (s *stand) find(name, column string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		fmt.Fprintf(s.log, "%s is not installed: the column %s stays empty\n", name, column)
		return ""
	}
	return path
}

// build makes the popherd of this source tree.
func (s *stand) build(ctx context.Context) error {
	fmt.Fprintln(s.log, "building popherd")
	s.popherd = filepath.Join(s.scratch, "popherd")
	_, _, err := program(ctx, false, "go", "build", "-o", s.popherd, "github.com/popherd/popherd")
	return err
}

// address is where a contestant connects to for a job.
func (s *stand) address(j job) string {
	switch {
	case j.tls:
		return s.server.TLSAddr()
	case j.far:
		return s.plain
	default:
		return s.server.Addr()
	}
}

// drop is the maildrop for a job: a fresh one for each contestant that deletes.
func (s *stand) drop(ctx context.Context, j job) (*maildrop, error) {
	d, err := s.maildrop(ctx, j.drop)
	if err == nil && j.deletes() {
		d = s.copied(d)
	}
	return d, err
}

// check holds what a contestant says against the mail, and what is left
// against what it was to delete.
func (s *stand) check(err error, j job, d *maildrop, got tally) error {
	if err != nil {
		return err
	}
	want := tally{messages: d.count, octets: d.octets, hits: int64(d.hits())}
	if got.octets == uncounted {
		want.octets = uncounted
	}
	if got.hits == uncounted {
		want.hits = uncounted
	}
	if got != want {
		return fmt.Errorf("%s: got %+v, want %+v", j.script, got, want)
	}
	if j.deletes() {
		s.server.WaitIdle()
		if left := d.user.Count(); left != d.count-d.hits() {
			return fmt.Errorf("%s: %d messages left, want %d", j.script, left, d.count-d.hits())
		}
	}
	return nil
}
