package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/plan"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/worker"
)

// wallGrace is how much longer than --timeout a worker may take to end by
// itself, with a report, before it is killed.
const wallGrace = 150 * time.Millisecond

// perform does a job in a worker process, or in this one where there is no
// program to start: a Go test, or another host. Then nothing but honesty keeps
// a script within its limits.
func (sh *shell) perform(ctx context.Context, j *job, out outside) (*run.Report, error) {
	if sh.Executable == "" {
		return j.perform(ctx, out)
	}
	octets, err := json.Marshal(j.forWorker())
	if err != nil {
		return nil, err
	}
	memory, err := j.Flags.memory()
	if err != nil {
		return nil, err
	}
	limits := worker.Limits{Memory: memory, CPU: j.Flags.CPU, Wall: j.Flags.Timeouts.Run + wallGrace}
	if j.Flags.writes() {
		limits.FileSize = worker.Unlimited
		limits.Files = filesEach * int64(2+len(j.Flags.Targets)) // sessions and state, backups, each target
	}
	s := &supervisor{job: j, out: out, steps: map[int]run.Account{}}
	commit := min(j.Flags.Timeouts.Command, commitMost)
	end, err := worker.Run(ctx, worker.Options{
		Path:   sh.Executable,
		Args:   []string{workerName},
		Env:    sh.environment(),
		Job:    octets,
		Limits: limits,
		Busy:   s.commits.Load,
		Linger: commit,
		Event:  s.event,
		Answer: s.answer,
	})
	if end.Reason == 0 && errors.As(err, new(syscall.Errno)) { // no process could be had; others end
		return nil, withStatus(exitTryAgain, err, "")
	}
	report, failed := s.verdict(end)
	if err != nil { // an event that could not be handled, such as print to a full disk
		return report, err
	}
	return report, failed
}

// commitMost is how long a run that is to end may wait for the reply to QUIT.
// Without it nobody knows what was deleted until the next run.
const commitMost = 50 * time.Second

// filesEach is how many files a target, or all else together, may hold open: a
// Maildir has up to 32 until they are synced.
const filesEach = 64

// environment is all that a worker has of it: where zones and certificates are.
func (sh *shell) environment() []string {
	var env []string
	for _, name := range []string{"TZ", "ZONEINFO", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if value := sh.Getenv(name); value != "" {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// A supervisor serves one worker.
type supervisor struct {
	job   *job
	out   outside
	steps map[int]run.Account // what is certain of each session that deletes

	commits atomic.Bool // QUIT was sent, and not answered
}

// event handles what the worker tells.
func (s *supervisor) event(kind byte, payload []byte) error {
	switch kind {
	case eventPrint:
		if _, err := s.out.stdout.Write(payload); err != nil {
			return err
		}
		if _, gathering := s.out.stdout.(*gathered); gathering {
			return nil
		}
		return s.out.stdout.Flush() // the worker has gathered it already
	case eventTalk:
		_, err := s.out.talk.Write(payload)
		return err
	case eventProgress:
		var e progressEvent
		if err := json.Unmarshal(payload, &e); err != nil {
			return err
		}
		s.out.progress(e.Stage, e.Done, e.Total)
		return nil
	case eventStep:
		var step run.Step
		if err := json.Unmarshal(payload, &step); err != nil {
			return err
		}
		s.steps[step.Session] = step.SoFar
		s.commits.Store(step.SoFar.Outcome == plan.Unknown.String())
		return nil
	case eventLog:
		var e logEvent
		if err := json.Unmarshal(payload, &e); err != nil {
			return err
		}
		s.out.log(e.Level, e.Message, e.Fields)
		return nil
	}
	return fmt.Errorf("the worker sent an event of unknown kind %q", kind)
}

// answer answers what the worker asks.
func (s *supervisor) answer(ctx context.Context, kind byte, question []byte) ([]byte, error) {
	switch kind {
	case askFlush:
		return nil, s.out.stdout.Flush()
	case askAudit:
		var r policy.Request
		if err := json.Unmarshal(question, &r); err != nil {
			return nil, err
		}
		return nil, s.out.audit(r)
	case askUser:
		name, err := s.out.getUser()
		return []byte(name), err
	case askPassword:
		password, err := s.out.getPass(ctx, string(question))
		return []byte(password), err
	case askCredential:
		var q credentialQuestion
		if err := json.Unmarshal(question, &q); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(s.job.Accounts, func(a config.Account) bool { return a.Name == q.Account }) {
			return nil, fmt.Errorf("the worker asked for account %q, which is not its own", q.Account)
		}
		return sealCredential(s.out.credential(ctx, q.Account, q.Refused))
	case askAdmit:
		if s.job.admit != nil {
			return nil, s.job.admit(string(question))
		}
	}
	return nil, fmt.Errorf("the worker asked a question of unknown kind %q", kind)
}

// verdict is what became of the run: what the worker says, or if it was cut
// off, what is certain all the same.
func (s *supervisor) verdict(end worker.End) (*run.Report, error) {
	if end.Reason == worker.Done {
		var r result
		if err := json.Unmarshal(end.Result, &r); err != nil {
			return nil, fmt.Errorf("the worker's result cannot be read: %w", err)
		}
		if r.Failure == nil {
			return r.Report, nil
		}
		return r.Report, r.Failure
	}
	f := &failure{Status: exitInternal, Message: s.job.Name + ": " + end.Detail}
	switch {
	case end.Reason == worker.Cancelled:
		f.Status = exitInterrupted
	case end.Reason == worker.Killed:
		f.Status = exitTryAgain
	case end.Reason == worker.WallLimit:
		f.Message = fmt.Sprintf("%s: the run took longer than %v", s.job.Name, s.job.Flags.Timeouts.Run) // less the grace
		f.Status, f.HintText = exitLimit, limitHint(end.Reason)
	case end.Reason.Limit():
		f.Status, f.HintText = exitLimit, limitHint(end.Reason)
	}
	return s.cutOff(f.Message), f
}

// limitHint says how to give a script more.
func limitHint(r worker.Reason) string {
	switch r {
	case worker.StackLimit:
		return "look for a function that calls itself, or for brackets within brackets"
	case worker.MemoryLimit:
		return "give it more with --max-memory, as in --max-memory 512M"
	case worker.CPULimit:
		return "give it more with --max-cpu, as in --max-cpu 5m"
	}
	return longerHint
}

// cutOff is the report of a run whose worker did not finish. Sessions that
// told of no commit have deleted nothing.
func (s *supervisor) cutOff(why string) *run.Report {
	report := &run.Report{Script: s.job.Name, DryRun: s.job.Flags.DryRun || s.job.Flags.DenyDelete || s.job.Flags.Delete == "", Accounts: []run.Account{}}
	for _, session := range slices.Sorted(maps.Keys(s.steps)) {
		a := s.steps[session]
		if a.Outcome != plan.Committed.String() {
			a.Why = why
		}
		report.Accounts = append(report.Accounts, a)
	}
	return report
}
