package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
)

// TestJobsRunStatus: one that fails has its own exit status; of several, 3 says
// that some failed, and each is told of once.
func TestJobsRunStatus(t *testing.T) {
	h := newHand(t)
	h.perform = func(_ context.Context, o jobs.Order) jobs.Result {
		switch o.Account {
		case "ben":
			return failedAs(t, jobs.Refused, exitRefused, "account ben: PASS: [AUTH] \x1b[31mno", "popherd accounts test ben")
		case "carla":
			return failedAs(t, jobs.Permanent, exitLimit, "steps: too many", "")
		}
		return wouldDelete(t, 2)
	}
	if got := h.runs(t.Context(), "tidy", jobsRunFlags{}, "ben"); got != exitRefused {
		t.Errorf("one that is refused: got exit status %d", got)
	}
	h.said("one that is refused", h.talk.String(), "popherd: job tidy: account ben: PASS: [AUTH] \uFFFD[31mno\nhint: popherd accounts test ben\n")
	h.said("one that is refused", h.out.String(), "run 1: job tidy, account ben: failed, refused, dry run\n")

	if got := h.runs(t.Context(), "tidy", jobsRunFlags{DryRun: true}); got != exitSomeFailed {
		t.Errorf("some: got exit status %d", got)
	}
	at := moment(noon)
	h.said("some", h.out.String(), "run 2  "+at+"  anna   planned       0 deliver, 2 delete, 0 keep\n"+
		"run 3  "+at+"  ben    failed (dry)  account ben: PASS: [AUTH] \uFFFD[31mno (popherd accounts test ben)\n"+
		"run 4  "+at+"  carla  failed (dry)  steps: too many\n")
	h.said("some", h.talk.String(), "hint: popherd jobs show RUN shows the plan of one\npopherd: 2 of 3 accounts failed; the others are done\n")

	if got := h.runs(t.Context(), "tidy", jobsRunFlags{}, "carla", "ben"); got != exitRefused {
		t.Errorf("all: got exit status %d, want that of the first", got)
	}
	h.sh.quiet = true
	if got := h.runs(t.Context(), "tidy", jobsRunFlags{}, "carla"); got != exitLimit || h.out.Len() > 0 {
		t.Errorf("quiet: got exit status %d and\n%s", got, h.out)
	}
	h.said("quiet", h.talk.String(), "popherd: job tidy: account carla: steps: too many\n")

	// Both failed twice or more, so that the job is paused for them.
	h.sh.quiet = false
	if got := h.does("list"); got != exitOK {
		t.Errorf("list: got exit status %d", got)
	}
	want := "\njob tidy is paused for ben since " + at + ", after 3 failures in a row: account ben: PASS: [AUTH] \uFFFD[31mno (popherd accounts test ben)\n" +
		"job tidy is paused for carla since " + at + ", after 3 failures in a row: steps: too many\n" +
		"  once that is mended: popherd jobs enable tidy\n"
	if got := h.out.String(); !strings.HasSuffix(got, want) || !strings.Contains(got, "  2 accounts paused  ") {
		t.Errorf("list:\n%s\nwant at its end:\n%s", got, want)
	}
	h.does("next", "3")
	fire := time.Date(2026, 9, 15, 3, 30, 0, 0, time.UTC)
	h.said("next", h.out.String(), "FIRE                          JOB   FOR\n"+
		moment(fire)+"  in 15 h  mend  anna\n"+
		moment(fire.Add(30*time.Minute))+"  in 16 h  tidy  anna\n"+
		moment(fire.AddDate(0, 0, 1))+"  in 39 h  mend  anna\n")
	h.does("enable", "tidy")
	h.said("enable", h.out.String(), "job tidy is enabled, and no longer paused for 2 accounts; its next fire is "+moment(fire.Add(30*time.Minute))+", in 16 h\n")
}

// TestJobsRunCancelled: Ctrl-C ends what goes on and what waits, and no daemon
// takes it up; what was done is done.
func TestJobsRunCancelled(t *testing.T) {
	h := newHand(t)
	ctx, interrupt := context.WithCancel(t.Context())
	done, begun := make(chan struct{}), make(chan struct{})
	h.perform = func(ctx context.Context, o jobs.Order) jobs.Result {
		switch o.Account {
		case "anna":
			defer close(done)
			return wouldDelete(t, 1)
		case "ben":
			close(begun)
			<-ctx.Done()
			return jobs.Result{Class: jobs.Interrupted, Message: "interrupted"}
		}
		<-ctx.Done() // it is committing, and finishes
		r := wouldDelete(t, 1)
		r.Outcome = "committed"
		return r
	}
	go func() {
		<-done
		<-begun
		interrupt()
	}()
	if got := h.runs(ctx, "tidy", jobsRunFlags{}); got != exitInterrupted {
		t.Errorf("got exit status %d", got)
	}
	if got := h.talk.String(); !strings.HasSuffix(got, "popherd: interrupted; 2 of 3 accounts are done\n") {
		t.Errorf("got\n%s", got)
	}
	if got := h.out.String(); !strings.Contains(got, "  ben    cancelled (dry)\n") {
		t.Errorf("got\n%s", got)
	}
	h.does("history", "-o", "ndjson")
	var got []string
	for line := range strings.Lines(h.out.String()) {
		var r ranJob
		must(t, json.Unmarshal([]byte(line), &r))
		got = append(got, r.Account+" "+r.State+" "+r.Outcome)
	}
	slices.Sort(got)
	if want := []string{"anna done planned", "ben done cancelled", "carla done committed"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestJobsRunTriesAgain: a run that failed for now is waited for, and the person
// is told why it takes so long.
func TestJobsRunTriesAgain(t *testing.T) {
	h := newHand(t)
	h.perform = func(_ context.Context, o jobs.Order) jobs.Result {
		if o.Attempt == 1 {
			return failedAs(t, jobs.Temporary, exitTryAgain, "account anna: PASS: [IN-USE] \x1b]0;locked", "")
		}
		return wouldDelete(t, 0)
	}
	talk := &noticing{w: h.talk, told: func() { h.later(time.Hour) }}
	h.sh.Stderr = talk
	if got := h.runs(t.Context(), "tidy", jobsRunFlags{}, "anna"); got != exitOK {
		t.Errorf("got exit status %d:\n%s", got, h.talk)
	}
	first, _, _ := strings.Cut(h.talk.String(), "\n")
	if want := "run 1: account anna: PASS: [IN-USE] \uFFFD]0;locked; it is tried again in "; !strings.HasPrefix(first, want) {
		t.Errorf("got %q, want %q at the beginning", first, want)
	}
	h.does("show", "1")
	if got := h.out.String(); !strings.Contains(got, "  attempt   2\n") {
		t.Errorf("got\n%s", got)
	}
}

// noticing calls told after each write.
type noticing struct {
	w    *bytes.Buffer
	told func()
}

func (n *noticing) Write(octets []byte) (int, error) {
	defer n.told()
	return n.w.Write(octets)
}

// TestJobsRunOfManyShowsPlans with -v, and as JSON, reports and all.
func TestJobsRunOfManyShowsPlans(t *testing.T) {
	h := newHand(t)
	h.sh.verbose = true
	if got := h.runs(t.Context(), "tidy", jobsRunFlags{DryRun: true}, "anna", "ben"); got != exitOK {
		t.Errorf("got exit status %d:\n%s", got, h.talk)
	}
	paragraph := "account x   1 message, 0 octets\n  1  uid0  100  delete   \uFFFD[31mold\uFFFD\n" +
		"plan: 0 deliver, 1 delete, 0 keep   (dry run: nothing changed; popherd jobs run tidy -a %s --real carries it out)\n"
	h.said("-v", h.out.String(), "run 1: job tidy, account anna: planned, dry run\n"+fmt.Sprintf(paragraph, "anna")+
		"run 2: job tidy, account ben: planned, dry run\n"+fmt.Sprintf(paragraph, "ben"))
	h.sh.verbose = false
	h.runs(t.Context(), "tidy", jobsRunFlags{DryRun: true, Output: "json"})
	var all struct {
		Runs []ranJob `json:"runs"`
	}
	if err := json.Unmarshal(h.out.Bytes(), &all); err != nil || len(all.Runs) != 3 || all.Runs[2].Report == nil || all.Runs[2].Report.Accounts[0].Delete != 1 {
		t.Errorf("got %v and\n%s", err, h.out)
	}
	if h.talk.Len() > 0 {
		t.Errorf("got on standard error:\n%s", h.talk)
	}
	if !strings.Contains(h.out.String(), `"reason": "\u001b[31mold`) {
		t.Errorf("the reason is not as it came:\n%s", h.out)
	}
}

// TestJobsBesideDaemon: what is left to a daemon it works, and nobody is warned;
// a run of its own can be cancelled from here.
func TestJobsBesideDaemon(t *testing.T) {
	h := newHand(t)
	begun := make(chan int64)
	h.perform = func(ctx context.Context, o jobs.Order) jobs.Result {
		begun <- o.Run
		<-ctx.Done()
		return jobs.Result{Class: jobs.Interrupted}
	}
	daemon, err := h.sh.openEngine(t.Context(), engineOptions{performer: h})
	must(t, err)
	defer daemon.Close()
	must(t, daemon.Start(t.Context()))
	if got := h.does("run", "tidy", "--queue", "-a", "ben"); got != exitOK || h.talk.Len() > 0 {
		t.Errorf("got exit status %d and\n%s", got, h.talk)
	}
	h.said("run", h.out.String(), "run 1 waits for a worker: job tidy, account ben\n")
	<-begun
	h.does("list")
	if !strings.Contains(h.out.String(), "  1 run under way  ") {
		t.Errorf("got\n%s", h.out)
	}
	h.does("retry", "1")
	h.said("retry", h.out.String(), "run 1 is under way already\n")
	h.does("cancel", "1")
	h.said("cancel", h.out.String(), "run 1 is told to stop; a commit that has begun finishes; popherd jobs show 1 says how it ends\n")
	must(t, daemon.Stop(t.Context()))
	h.does("history")
	h.said("history", h.out.String(), "run 1  "+moment(noon)+"  tidy  ben  cancelled (dry)\n")
}
