package notice

import (
	"fmt"
	"strings"
	"time"
)

// subject says in a line what has happened.
func (n Notice) subject() string {
	const most = 60 // letters of a name
	text := "popherd: job " + clean(n.Job, most) + " " + n.happened()
	if n.Account != "" {
		text += ", account " + clean(n.Account, most)
	}
	if n.More > 0 {
		text += fmt.Sprintf(" (and %d more)", n.More)
	}
	return text
}

// happened is what follows the name of the job.
func (n Notice) happened() string {
	switch n.Kind {
	case Failure:
		return "failed"
	case Paused:
		return "is paused"
	case Over:
		if n.Deleted > 0 {
			return fmt.Sprintf("deleted %s, more than %d", messages(n.Deleted), n.Over)
		}
		return fmt.Sprintf("plans to delete %s, more than %d", messages(n.Planned), n.Over)
	}
	return clean(n.Kind, 20)
}

// text is what a mail says. No line of it begins with what came from outside.
func (n Notice) text(node string, zone *time.Location) string {
	var b strings.Builder
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %-10s %s\n", label, value)
		}
	}
	fmt.Fprintf(&b, "Job %s %s.\n\n", n.Job, n.happened())
	line("Account", n.Account)
	line("Why", n.Message)
	line("Outcome", n.Outcome)
	line("Run", fmt.Sprint(n.Run))
	line("Fire", moment(n.Fire, zone, "by hand"))
	line("Ended", moment(n.Ended, zone, ""))
	if n.DryRun {
		line("Dry run", "yes: nothing was delivered or deleted")
	}
	line("Planned", "to delete "+messages(n.Planned))
	line("Deleted", messages(n.Deleted))
	line("Delivered", messages(n.Delivered))
	line("Kept", messages(n.Kept))
	line("Page", n.URL)
	fmt.Fprintf(&b, "\n%s\n", n.advice())
	if n.More > 0 {
		fmt.Fprintf(&b, "\nHeld back before this one, so that you are not flooded: %d more.\nTo see them: popherd jobs history\n", n.More)
	}
	fmt.Fprintf(&b, "\nWritten by popherd on %s, and nobody reads answers.\n", node)
	return b.String()
}

// advice says what a person can do.
func (n Notice) advice() string {
	show := fmt.Sprintf("To see the run and its plan:  popherd jobs show %d", n.Run)
	switch n.Kind {
	case Failure:
		return fmt.Sprintf("This run will not be tried again by itself.\n%s\nTo try it again:              popherd jobs retry %d", show, n.Run)
	case Paused:
		return fmt.Sprintf("The job will not run for this account by itself until it is enabled.\n%s\nWhen the reason is mended:    popherd jobs enable %s", show, n.argument())
	}
	return show
}

// argument is the job's name as a shell takes it.
func (n Notice) argument() string {
	if n.Job == "" || strings.ContainsFunc(n.Job, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	}) {
		return "JOB"
	}
	return n.Job
}

func messages(n int) string {
	if n == 1 {
		return "1 message"
	}
	return fmt.Sprintf("%d messages", n)
}

func moment(t time.Time, zone *time.Location, none string) string {
	if t.IsZero() {
		return none
	}
	return t.In(zone).Format("Mon, 2 Jan 2006 15:04:05 -0700")
}
