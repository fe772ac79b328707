package notice

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/popherd/popherd/internal/deliver"
)

// To is who is told: a command, a target, or both.
type To struct {
	// Command is a program and its arguments; empty for none. No shell is
	// involved. It reads the notice's JSON from its standard input, and has 30 s;
	// then it is killed with its process group. What it prints is thrown away.
	// In its environment there are PATH, what Options.Environ has, POPHERD_ID,
	// the same for the same notice, and POPHERD_KIND, POPHERD_JOB,
	// POPHERD_ACCOUNT, POPHERD_RUN, POPHERD_DRY_RUN, POPHERD_OUTCOME,
	// POPHERD_MESSAGE, POPHERD_MORE and POPHERD_URL, which are as in the JSON.
	Command []string

	Target deliver.Spec // for a mail; its zero value for none
	Name   string       // of the target, for errors
	From   string       // of the mail; "" is the target's From, and if it has none popherd at the node
	Node   string       // name of this machine

	Options deliver.Options // for the target and the command
}

const (
	commandLimit = 30 * time.Second
	mailLimit    = 2 * time.Minute
)

// Send tells somebody. The command and the target are both tried; the error
// says of each that failed why, with the last line of what a command said on
// standard error, out of which its arguments are taken.
func Send(ctx context.Context, n Notice, to To) error {
	var failed []error
	if len(to.Command) > 0 {
		failed = append(failed, to.command(n).run(ctx))
	}
	if to.Target.Kind != "" {
		failed = append(failed, to.mail(n).run(ctx))
	}
	return errors.Join(failed...)
}

// command is the errand of running the command. It is a target as any other,
// only that it reads the notice, not a mail.
func (to To) command(n Notice) errand {
	o, safe := to.Options, n.safe()
	o.Environ = append(o.Environ[:len(o.Environ):len(o.Environ)],
		"POPHERD_KIND="+safe.Kind, "POPHERD_JOB="+safe.Job, "POPHERD_ACCOUNT="+safe.Account,
		"POPHERD_RUN="+strconv.FormatInt(n.Run, 10), "POPHERD_DRY_RUN="+strconv.FormatBool(n.DryRun),
		"POPHERD_OUTCOME="+safe.Outcome, "POPHERD_MESSAGE="+safe.Message,
		"POPHERD_MORE="+strconv.Itoa(n.More), "POPHERD_URL="+safe.URL)
	return errand{
		whom: fmt.Sprintf("command %q", clean(to.Command[0], longestName)), limit: commandLimit,
		spec: deliver.Spec{Kind: deliver.Pipe, Command: to.Command}, options: o,
		envelope: deliver.Envelope{ID: n.id()}, octets: n.JSON(),
	}
}

// mail is the errand of delivering a mail.
func (to To) mail(n Notice) errand {
	now := time.Now
	if to.Options.Now != nil {
		now = to.Options.Now
	}
	from := to.From
	if from == "" {
		from = to.Target.From
	}
	at := now()
	return errand{
		whom: fmt.Sprintf("target %q", clean(to.Name, longestName)), limit: mailLimit,
		spec: to.Target, options: to.Options,
		// Without a sender nobody gets what is wrong with the mail back, which
		// suits an address that may not exist.
		envelope: deliver.Envelope{ID: n.id(), Received: at, Sender: address(from)},
		octets:   n.Mail(from, to.Node, at, to.Target.Recipients...),
	}
}
