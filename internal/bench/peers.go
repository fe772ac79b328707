package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A job is what every contestant does to one maildrop.
type job struct {
	drop   string // the maildrop's name
	script string // what popherd runs, of scripts/
	work   string // what the others do: retr, top, rules, plan, delete
	to     string // where messages are delivered: maildir, mbox; or nowhere
	tls    bool   // over TLS from the start
	far    bool   // through the delaying proxy
	twice  bool   // on two maildrops at once, by two popherds
}

func (j job) deletes() bool { return j.work == "delete" }

// A contestant does its job once. watched asks for its memory.
type contestant func(ctx context.Context, watched bool) (outcome, error)

// herd is popherd as a user runs it, report included.
func (s *stand) herd(j job) contestant {
	return func(ctx context.Context, watched bool) (outcome, error) {
		d, err := s.drop(ctx, j)
		if err != nil {
			return outcome{}, err
		}
		if !j.twice {
			return s.herdOn(ctx, watched, j, d)
		}
		other := s.second(d)
		type end struct {
			outcome
			error
		}
		ends := make(chan end, 1)
		begin := time.Now()
		go func() {
			o, err := s.herdOn(ctx, watched, j, other)
			ends <- end{o, err}
		}()
		o, err := s.herdOn(ctx, watched, j, d)
		second := <-ends
		o.wall, o.cpu, o.rss = time.Since(begin), o.cpu+second.cpu, max(o.rss, second.rss)
		return o, errors.Join(err, second.error)
	}
}

// herdOn runs popherd once on one maildrop.
func (s *stand) herdOn(ctx context.Context, watched bool, j job, d *maildrop) (outcome, error) {
	addr, way := s.address(j), "POP3"
	if j.tls {
		way = "POP3_SSL"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return outcome{}, err
	}
	args := []string{"run", filepath.Join(s.scripts, j.script), "--allow-net=" + addr, "--ca-file=" + s.server.CAFile}
	if !j.tls {
		args = append(args, "--allow-plaintext="+addr)
	}
	if j.deletes() {
		args = append(args, "--allow-delete")
	}
	state, clean, err := s.remember(j)
	if err != nil {
		return outcome{}, err
	}
	defer clean()
	args = append(args, "--state-dir="+state)
	if j.to != "" {
		args = append(args, "--target=to="+j.to+":"+filepath.Join(state, "to"))
	}
	args = append(args, "--", way, host, port, d.user.Name, password, j.work)
	printed, o, err := program(ctx, watched, s.popherd, args...)
	if err == nil {
		o.tally, err = readTally(printed)
	}
	return o, s.check(err, j, d, o.tally)
}

// remember is the folder of what popherd remembers: one for all jobs, as a user
// has it, but a new one for a job that delivers, or its second round would find
// everything delivered.
func (s *stand) remember(j job) (dir string, clean func(), err error) {
	if j.to == "" {
		return filepath.Join(s.scratch, "state"), func() {}, nil
	}
	dir, err = os.MkdirTemp(s.memory(), "state")
	return dir, func() { os.RemoveAll(dir) }, err
}

// memory is a folder in memory, where there is one: popherd waits until what it
// delivered lasts and mpop does not, so that on a disk the disk is measured.
func (s *stand) memory() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return s.scratch
}

// second is a copy of a maildrop, made once.
func (s *stand) second(d *maildrop) *maildrop {
	name := d.user.Name + " again"
	if s.maildrops[name] == nil {
		s.maildrops[name] = s.copied(d)
	}
	return s.maildrops[name]
}

// idle is popherd with a script that does nothing.
func (s *stand) idle() contestant {
	return func(ctx context.Context, watched bool) (outcome, error) {
		_, o, err := program(ctx, watched, s.popherd, "run", filepath.Join(s.scripts, "empty.lua"))
		return o, err
	}
}

// poplib is a Python script that does the same with poplib.
func (s *stand) poplib(j job) contestant {
	if s.python == "" {
		return nil
	}
	return func(ctx context.Context, watched bool) (outcome, error) {
		d, err := s.drop(ctx, j)
		if err != nil {
			return outcome{}, err
		}
		host, port, err := net.SplitHostPort(s.address(j))
		if err != nil {
			return outcome{}, err
		}
		args := []string{filepath.Join(s.scripts, "peer.py"), j.work, host, port, d.user.Name, password}
		if j.tls {
			args = append(args, s.server.CAFile)
		}
		printed, o, err := program(ctx, watched, s.python, args...)
		if err == nil {
			o.tally, err = readTally(printed)
		}
		return o, s.check(err, j, d, o.tally)
	}
}

// retriever is mpop, which can do no more than retrieve, with nothing to
// deliver to.
func (s *stand) retriever(j job) contestant {
	if s.mpop == "" || j.work != "retr" {
		return nil
	}
	return func(ctx context.Context, watched bool) (outcome, error) {
		d, err := s.drop(ctx, j)
		if err != nil {
			return outcome{}, err
		}
		host, port, err := net.SplitHostPort(s.address(j))
		if err != nil {
			return outcome{}, err
		}
		// mpop passes over what it has noted as retrieved.
		uidls := filepath.Join(s.scratch, "uidls")
		if err := os.Remove(uidls); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return outcome{}, err
		}
		delivery, clean, err := s.delivery(j)
		if err != nil {
			return outcome{}, err
		}
		defer clean()
		args := []string{
			"--host=" + host, "--port=" + port, "--user=" + d.user.Name, "--passwordeval=echo " + password,
			"--auth=user", "--pipelining=auto", "--keep=on", "--only-new=off", "--received-header=off",
			"--uidls-file=" + uidls, "--delivery=" + delivery, "--half-quiet",
		}
		if j.tls {
			args = append(args, "--tls=on", "--tls-starttls=off", "--tls-trust-file="+s.server.CAFile)
		}
		printed, o, err := program(ctx, watched, s.mpop, args...)
		if err == nil {
			o.tally, err = readStatus(printed)
		}
		return o, s.check(err, j, d, o.tally)
	}
}

// delivery is where mpop delivers to, which it does not make itself.
func (s *stand) delivery(j job) (delivery string, clean func(), err error) {
	if j.to == "" {
		return "mbox," + os.DevNull, func() {}, nil
	}
	dir, err := os.MkdirTemp(s.memory(), "mpop")
	for _, name := range []string{"cur", "new", "tmp"} {
		err = errors.Join(err, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	delivery = "maildir," + dir
	if j.to == "mbox" {
		delivery = "mbox," + filepath.Join(dir, "inbox")
	}
	return delivery, func() { os.RemoveAll(dir) }, err
}

// readStatus reads how many messages mpop says that it retrieves.
func readStatus(printed string) (tally, error) {
	t := tally{octets: uncounted, hits: uncounted}
	_, rest, _ := strings.Cut(printed, "new: ")
	if n, err := fmt.Sscanf(rest, "%d message", &t.messages); n != 1 {
		return t, fmt.Errorf("no status in %.*q: %w", shown, printed, err)
	}
	return t, nil
}
