package systemd

import (
	"fmt"
	"slices"
	"strings"
)

// UnitOptions say what the files are for. All paths are absolute.
type UnitOptions struct {
	Program string // popherd
	Config  string // the configuration
	User    bool   // for a user's own systemd, not the system's

	// StateHome is XDG_STATE_HOME for a user's systemd, which does not know that
	// of a user's shell; "" leaves it. A service of the system has its state in
	// /var/lib/popherd.
	StateHome string

	Reads  []string // what else is read: scripts, certificates
	Writes []string // folders that are written to: targets, backups, a state elsewhere

	// Credentials are where systemd may read the passwords of accounts from, by
	// the account's name.
	Credentials []Credential

	Timer *Timer // for one job, in place of the daemon
}

// A Credential is a file with a password, which a line of the unit could hand
// to the service.
type Credential struct {
	Account, File string
}

// A File is a unit or timer file.
type File struct {
	Name string // without a folder
	Text string
}

// Folder is where systemd looks for such files: an absolute path, or one that
// begins with ~/.
func (o UnitOptions) Folder() string {
	if o.User {
		return "~/.config/systemd/user"
	}
	return "/etc/systemd/system"
}

// Units returns the files: popherd.service for the daemon, or with a timer
// popherd-JOB.service and popherd-JOB.timer. The error is an [*Error].
func Units(o UnitOptions) ([]File, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if o.Timer == nil {
		text, err := o.daemon()
		return []File{{"popherd.service", text}}, err
	}
	name := o.Timer.name()
	service, err := o.oneshot()
	if err != nil {
		return nil, err
	}
	timer, err := o.Timer.file()
	if err != nil {
		return nil, err
	}
	return []File{{name + ".service", service}, {name + ".timer", timer}}, nil
}

func (o UnitOptions) check() error {
	if err := checkPath("configuration", o.Config); err != nil {
		return err
	}
	for _, file := range slices.Concat(o.Reads, o.Writes) {
		if err := checkPath("path", file); err != nil {
			return err
		}
	}
	for _, c := range o.Credentials {
		if err := checkPath("path", c.File); err != nil {
			return err
		}
	}
	if o.StateHome != "" {
		if err := checkPath("XDG_STATE_HOME", o.StateHome); err != nil {
			return err
		}
	}
	if !o.User && inside(o.Config, homes) {
		return &Error{fmt.Sprintf("configuration %q", o.Config), "a service of the system has no business in a home",
			"--user is for a service of your own; -c /etc/popherd/config.toml names another configuration"}
	}
	return nil
}

// A unit is a file in the making.
type unit struct{ strings.Builder }

func (u *unit) section(name string) {
	if u.Len() > 0 {
		u.WriteByte('\n')
	}
	fmt.Fprintf(u, "[%s]\n", name)
}

func (u *unit) set(key, value string) { fmt.Fprintf(u, "%s=%s\n", key, value) }

func (u *unit) note(lines ...string) {
	for _, line := range lines {
		u.WriteString(strings.TrimSpace("# "+line) + "\n")
	}
}

// command is the line that begins popherd.
func (o UnitOptions) command(words ...string) (string, error) {
	line, err := program(o.Program)
	for _, word := range append([]string{"--config", o.Config}, words...) {
		line += " " + argument(word)
	}
	return line, err
}

func (o UnitOptions) daemon() (string, error) {
	command, err := o.command("daemon")
	if err != nil {
		return "", err
	}
	u := &unit{}
	o.begin(u, "popherd.service", "popherd, the jobs of all accounts")
	u.section("Service")
	// Type=notify-reload needs systemd 253; an older one takes it for "simple".
	u.set("Type", "notify")
	u.set("ExecStart", command)
	u.set("ExecReload", "kill -HUP $MAINPID")
	u.note("A commit that is under way at a stop is waited for; workers die with the daemon.")
	u.set("KillMode", "mixed")
	u.set("TimeoutStopSec", "5min")
	u.set("WatchdogSec", "2min")
	u.set("Restart", "on-failure")
	u.set("RestartSec", "10s")
	u.note("A wrong command line or configuration is not mended by trying again.")
	u.set("RestartPreventExitStatus", "64 65 78")
	o.surround(u)
	u.section("Install")
	u.set("WantedBy", map[bool]string{false: "multi-user.target", true: "default.target"}[o.User])
	return u.String(), nil
}

// oneshot is the service that a timer starts.
func (o UnitOptions) oneshot() (string, error) {
	command, err := o.command("jobs", "run", o.Timer.Job)
	if err != nil {
		return "", err
	}
	name := o.Timer.name()
	u := &unit{}
	o.begin(u, name+".service", "popherd, the job "+o.Timer.Job)
	u.section("Service")
	u.note("Started by "+name+".timer. Where popherd daemon works it would run the job,", "too: have one of them.")
	u.set("Type", "oneshot")
	u.set("ExecStart", command)
	u.note("A commit that is under way at a stop is waited for.")
	u.set("KillMode", "mixed")
	u.set("TimeoutStopSec", "5min")
	o.surround(u)
	return u.String(), nil
}

// begin writes what stands first in a service.
func (o UnitOptions) begin(u *unit, name, description string) {
	edit := "systemctl edit " + name
	if o.User {
		edit = "systemctl --user edit " + name
	}
	u.note("Written by popherd systemd. Changes of your own belong beside it: " + edit)
	if !o.User {
		u.note("", "The user of the service, who must be able to read the configuration, is made once:",
			"useradd --system --home-dir "+stateDir+" --shell /usr/sbin/nologin "+account)
	}
	u.section("Unit")
	u.set("Description", description)
	if !o.User { // whose systemd does not know the network
		u.set("Wants", "network-online.target")
		u.set("After", "network-online.target")
	}
}
