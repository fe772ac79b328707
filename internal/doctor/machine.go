package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/run"
)

// OfConfiguration looks at the configuration file. from says what named it; c
// and err are what reading it gave.
func OfConfiguration(path, from string, c *config.Config, err error) Check {
	return Check{kind: Configuration, limit: placeLimit, look: func(_ context.Context, n *notes) {
		var faults *config.Errors
		switch {
		case path == "":
			n.warn("file", "nothing says where it is", "set HOME, or POPHERD_CONFIG, or give --config")
			return
		case errors.As(err, &faults):
			n.faults(faults)
			return
		case errors.Is(err, fs.ErrNotExist), err == nil && c.Path == "":
			n.info("file", fmt.Sprintf("%s (%s) is not there", path, from), "popherd init makes it")
			return
		case err != nil:
			n.failed("file", err, "")
			return
		}
		n.ok("file", fmt.Sprintf("%s (%s): %s, %s", path, from, plural(len(c.Accounts), "account"), plural(len(c.Targets), "target")))
		n.modes(path)
		if len(c.Accounts) == 0 {
			n.info("accounts", "there is none", "popherd init sets one up")
		}
		n.twins(c.Accounts)
	}}
}

// twins warns of accounts that are the same maildrop.
func (n *notes) twins(accounts []config.Account) {
	names, first := map[string][]string{}, map[string]config.Account{}
	for _, a := range accounts {
		key := run.Key(a.User, strings.ToLower(a.Host), a.Port)
		if len(names[key]) == 0 {
			first[key] = a
		}
		names[key] = append(names[key], a.Name)
	}
	for _, key := range slices.Sorted(maps.Keys(names)) {
		if same, a := names[key], first[key]; len(same) > 1 {
			where := fmt.Sprintf("%s at %s:%d", a.User, strings.ToLower(a.Host), a.Port)
			n.warn("accounts", strings.Join(same, ", ")+" are the same maildrop: "+where, "popherd config edit: keep one of them, or mend user, host and port")
		}
	}
}

// faults lists what is wrong in the file.
func (n *notes) faults(faults *config.Errors) {
	for _, e := range faults.List {
		n.fail("file", e.Error(), e.Hint())
	}
	if faults.More > 0 {
		n.fail("file", fmt.Sprintf("%d more faults", faults.More), "popherd config edit")
	}
}

// modes looks who can change the configuration, which says whom passwords are
// sent to and which commands are run.
func (n *notes) modes(path string) {
	for _, p := range []string{path, filepath.Dir(path)} {
		found, err := os.Stat(p)
		if err != nil || !hasModes {
			continue
		}
		if mode := found.Mode(); mode.Perm()&0o022 != 0 && mode&fs.ModeSticky == 0 {
			n.warn("modes", fmt.Sprintf("%s can be changed by others (mode %04o)", p, mode.Perm()), "chmod go-w "+p)
			return
		}
	}
	n.ok("modes", "only its owner can change it")
}

// A Host is what there is to know about the machine and this process.
type Host struct {
	Version  string // of the program
	Terminal string // what kind; "" for none
	Width    int    // of the terminal, in columns
	Now      time.Time
	Keyring  func() error // nil if the keyring can be used, else why not
	Needed   []string     // accounts that have their password in the keyring
	Limits   string       // of a script's process
	Worker   bool         // scripts have a process of their own
}

// OfHost looks at the machine.
func OfHost(h Host) Check {
	return Check{kind: Machine, limit: placeLimit, look: func(_ context.Context, n *notes) {
		n.ok("version", h.Version)
		n.scripts(h)
		n.terminal(h)
		n.time(h.Now)
		n.keyring(h)
	}}
}

func (n *notes) scripts(h Host) {
	if !h.Worker {
		n.warn("scripts", "run in this process, not in one of their own: "+h.Limits, "")
		return
	}
	n.ok("scripts", "each in a process of its own: "+h.Limits)
}

func (n *notes) terminal(h Host) {
	if h.Terminal == "" {
		n.info("terminal", "there is none: passwords cannot be asked for", "")
		return
	}
	n.ok("terminal", fmt.Sprintf("%s, %d columns", h.Terminal, h.Width))
}

// firstYear is when this program was written: a clock before is wrong, and no
// certificate of today is valid by it.
const firstYear = 2025

func (n *notes) time(now time.Time) {
	zone, _ := now.Zone()
	text := fmt.Sprintf("%s %s (UTC%s)", now.Format("2006-01-02 15:04"), zone, now.Format("-07:00"))
	if now.Year() < firstYear {
		n.fail("clock", text+": that is long ago", "set this machine's clock: certificates are not valid yet by it")
		return
	}
	n.ok("clock", text)
}

func (n *notes) keyring(h Host) {
	err := h.Keyring()
	switch {
	case err == nil:
		n.ok("keyring", "can be used")
	case len(h.Needed) > 0:
		n.warn("keyring", fmt.Sprintf("%v, and %s has its password there", err, h.Needed[0]), "log in to the desktop, or have the password in a file or from password_command")
	default:
		n.info("keyring", err.Error(), "passwords can be in files that only you can read, or come from password_command")
	}
}
