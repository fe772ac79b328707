package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/maildrop"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/luabind"
)

// Exit statuses follow sysexits(3), which mail programs and schedulers know.
const (
	exitOK          = 0
	exitRaised      = 1
	exitSomeFailed  = 3
	exitLimit       = 5
	exitUsage       = 64
	exitInput       = 65
	exitNoInput     = 66
	exitUnavailable = 69
	exitInternal    = 70
	exitOutput      = 74
	exitTryAgain    = 75
	exitProtocol    = 76
	exitRefused     = 77
	exitConfig      = 78
	exitInterrupted = 130
)

// statuses is the table that every help text and "help exit-codes" show.
var statuses = []struct {
	code    int
	meaning string
}{
	{exitOK, "done, or planned"},
	{exitRaised, "the script raised an error"},
	{exitSomeFailed, "some of several accounts or maildrops failed; the others are done"},
	{exitLimit, "a limit stopped the script"},
	{exitUsage, "the command line is wrong"},
	{exitInput, "the script or the maildrop is not what it should be"},
	{exitNoInput, "a file is missing or cannot be read"},
	{exitUnavailable, "the server cannot be reached"},
	{exitInternal, "a fault of popherd's own"},
	{exitOutput, "what was printed or delivered could not be written; what was not delivered is kept"},
	{exitTryAgain, "a temporary fault or a timeout: try again later"},
	{exitProtocol, "the server does not speak POP3 or TLS as it must, or refused a command"},
	{exitRefused, "the login or the policy refused"},
	{exitConfig, "the configuration is wrong"},
	{exitInterrupted, "interrupted; nothing was deleted unless the report says so"},
}

// statusTable is statuses as text.
func statusTable() string {
	var b strings.Builder
	for _, s := range statuses {
		fmt.Fprintf(&b, "  %3d  %s\n", s.code, s.meaning)
	}
	return b.String()
}

// sayStatuses puts the table under every command's help.
func sayStatuses(root *cobra.Command) {
	root.SetUsageTemplate(root.UsageTemplate() + "\nExit statuses:\n" + statusTable())
}

// usageError is a command line that cannot be carried out.
type usageError struct {
	object string
	reason string
	hint   string
}

func (e *usageError) Error() string { return e.object + ": " + e.reason }
func (e *usageError) Hint() string  { return e.hint }

// exitStatus is the exit status for what a sub-command returned.
func exitStatus(err error) int {
	var (
		usage   *usageError
		address *host.AddressError
		file    *host.FileError
		syntax  *script.SyntaxError
		raised  *script.Error
		refused *run.RefusedError
		kind    interface{ Kind() string }
		object  *luabind.Error
	)
	var slip interface{ Usage() bool } // what a rule file or script names, and the command line does not
	var named *host.AccountFileError
	var unable *host.AuthError
	var crossed *failure
	var several *severalError
	var unread *luabind.UnreadError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &several):
		return several.status
	case errors.As(err, &unread):
		return objectStatus(unread.Err)
	case errors.As(err, new(*config.Errors)):
		return exitConfig
	case errors.As(err, new(*config.Error)): // a name that the command line has
		return exitUsage
	case errors.As(err, &unable): // whatever is wrong with where the password was looked for
		return kindStatus(unable.Kind())
	case errors.As(err, &crossed):
		return crossed.Status
	case errors.As(err, new(*outputError)), errors.As(err, new(*run.UndeliveredError)):
		return exitOutput
	case errors.As(err, new(*state.LockedError)), errors.Is(err, state.ErrBusy):
		return exitTryAgain
	case errors.As(err, new(*state.DamagedError)), errors.As(err, new(*state.VersionError)):
		return exitInput
	case errors.As(err, &address) && address.Err != nil:
		return exitUnavailable
	case errors.As(err, &usage), errors.As(err, &address):
		return exitUsage
	case errors.As(err, &slip) && slip.Usage():
		return exitUsage
	case errors.As(err, &named) && named.Err != nil:
		return exitNoInput
	case errors.As(err, &named):
		return exitInput
	case errors.As(err, &object):
		return objectStatus(object)
	case errors.As(err, &kind):
		return kindStatus(kind.Kind())
	case errors.As(err, &syntax), errors.Is(err, maildrop.ErrNotMaildrop), errors.As(err, &file) && file.Err == nil:
		return exitInput
	case errors.As(err, &file), errors.Is(err, maildrop.ErrUnreadable), errors.As(err, new(*inputError)):
		return exitNoInput
	case errors.As(err, &refused):
		return exitProtocol
	case errors.As(err, new(noTerminal)):
		return exitUsage
	case errors.As(err, &raised):
		return exitRaised
	}
	return exitInternal
}

// objectStatus is the exit status for an error object that no script caught.
func objectStatus(e *luabind.Error) int {
	if e.Kind != "error_proto" {
		return kindStatus(e.Kind)
	}
	verb, _, _ := strings.Cut(e.Command, " ")
	switch {
	case e.Temporary:
		return exitTryAgain
	case e.Code == "AUTH":
		return exitRefused
	case !e.Fatal && (verb == "USER" || verb == "PASS" || verb == "APOP" || verb == "AUTH"):
		return exitRefused
	}
	return exitProtocol
}

func kindStatus(kind string) int {
	switch kind {
	case "timeout":
		return exitTryAgain
	case "socket":
		return exitUnavailable
	case "tls":
		return exitProtocol
	case "auth", "policy":
		return exitRefused
	case "limit":
		return exitLimit
	case "cancelled":
		return exitInterrupted
	case "output":
		return exitOutput
	case "internal":
		return exitInternal
	}
	return exitRaised
}
