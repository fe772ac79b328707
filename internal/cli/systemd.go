package cli

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/atomicfile"
	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/secret"
	"github.com/popherd/popherd/internal/systemd"
)

// systemdFlags are what the command line of systemd says.
type systemdFlags struct {
	Job    string
	User   bool
	Output string
}

func (sh *shell) systemdCommand() *cobra.Command {
	var f systemdFlags
	cmd := &cobra.Command{
		Use:   "systemd",
		Short: "Print unit files for systemd",
		Long: `Print the unit file by which systemd runs popherd daemon, with this program and
this configuration. With --job instead a service and a timer, by which systemd
runs that one job without a daemon, if systemd can keep its schedule exactly.
Nothing is installed and nothing is started; --output writes the files.

A service of the system runs as the user popherd, keeps its state in
/var/lib/popherd, writes to no place but that and those that the configuration
names (print it again when it names others), and sees no homes. With --user it is
a service of your own, which loginctl enable-linger keeps running while you are
logged out.`,
		Example: `  popherd -c /etc/popherd/config.toml systemd
  popherd -c /etc/popherd/config.toml systemd --output /etc/systemd/system
  popherd systemd --user --job nightly --output ~/.config/systemd/user`,
		Args: noJobWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			return sh.systemd(f)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.Job, "job", "", "a service and a timer for `JOB` alone, in place of the daemon")
	flags.BoolVar(&f.User, "user", false, "for your own systemd, not the system's")
	flags.StringVar(&f.Output, "output", "", "write the files to `DIR`; one that is there and says something else stays")
	return cmd
}

// noJobWords refuses arguments: people put the job there.
func noJobWords(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{object: fmt.Sprintf("argument %q", args[0]), reason: "systemd takes none", hint: "a job comes after --job"}
}

func (sh *shell) systemd(f systemdFlags) error {
	o, err := sh.unitOptions(f)
	if err != nil {
		return err
	}
	files, err := systemd.Units(o)
	if err != nil {
		return sayUnit(f, err)
	}
	if f.Output != "" {
		return sh.writeUnits(f, files)
	}
	var b strings.Builder
	for i, file := range files {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "# %s/%s\n%s", o.Folder(), file.Name, file.Text)
	}
	_, err = io.WriteString(output{sh.Stdout}, b.String())
	return err
}

// sayUnit gives what cannot be written for systemd its place and its status.
func sayUnit(f systemdFlags, err error) error {
	if f.Job != "" {
		err = fmt.Errorf("job %s: %w", f.Job, err)
	}
	return withStatus(exitUsage, err, hintOf(err))
}

// unitOptions are what the configuration says about the files.
func (sh *shell) unitOptions(f systemdFlags) (systemd.UnitOptions, error) {
	c, err := sh.configuration()
	if err != nil {
		return systemd.UnitOptions{}, err
	}
	o := systemd.UnitOptions{Program: sh.Executable, User: f.User, Reads: readBy(c)}
	if o.Config, err = sh.knownConfigPath(); err != nil {
		return o, err
	}
	if o.Config, err = filepath.Abs(o.Config); err != nil { // POPHERD_CONFIG may be relative
		return o, err
	}
	if dir := sh.Getenv("XDG_STATE_HOME"); f.User && filepath.IsAbs(dir) {
		o.StateHome = dir
	}
	jobs := c.Jobs
	if f.Job != "" {
		j, err := c.Job(f.Job)
		if err != nil {
			return o, err
		}
		jobs = []config.Job{j}
		now := sh.clock()
		o.Timer = &systemd.Timer{
			Job: j.Name, Schedule: j.Schedule, Zone: j.Zone, Local: now.Location(), From: now, Jitter: j.Jitter, CatchUp: j.CatchUp,
		}
	}
	o.Writes, err = writtenBy(c, jobs)
	o.Credentials = credentialsOf(c, o.Config)
	return o, err
}

// readBy are the files that a configuration names, and that are only read.
func readBy(c *config.Config) (files []string) {
	for _, a := range c.Accounts {
		files = append(files, a.CAFile, a.ClientCert, a.ClientKey, a.Secret.File, a.Secret.Netrc)
	}
	for _, j := range c.Jobs {
		if !strings.HasPrefix(j.Script, "@") {
			files = append(files, j.Script)
		}
		files = append(files, j.Policy.Lib...)
	}
	files = append(files, c.Daemon.Token.File)
	slices.Sort(files)
	return slices.DeleteFunc(slices.Compact(files), func(file string) bool { return file == "" })
}

// writtenBy are the folders that jobs write to, but for the state's usual one.
func writtenBy(c *config.Config, jobs []config.Job) ([]string, error) {
	dirs := []string{c.Policy.StateDir}
	if db := c.Daemon.DB; filepath.IsAbs(db) {
		dirs = append(dirs, filepath.Dir(db)) // SQLite makes more files beside it
	}
	for _, j := range jobs { // with what [policy] says
		dirs = append(dirs, j.Policy.Backup)
		dirs = append(dirs, j.Policy.AllowWrite...)
	}
	for _, t := range c.Targets {
		spec, err := deliver.Parse(t.Spec)
		if err != nil {
			return nil, err
		}
		switch spec.Kind {
		case deliver.Maildir, deliver.EML:
			dirs = append(dirs, spec.Path)
		case deliver.Mbox:
			dirs = append(dirs, filepath.Dir(spec.Path)) // its lock and its journal are beside it
		}
	}
	return outermost(dirs), nil
}

// outermost are folders without those that are in others of them.
func outermost(dirs []string) (outer []string) {
	slices.Sort(dirs)
	for _, dir := range dirs {
		covered := slices.ContainsFunc(outer, func(of string) bool { return dir == of || strings.HasPrefix(dir, strings.TrimSuffix(of, "/")+"/") })
		if dir != "" && !covered {
			outer = append(outer, dir)
		}
	}
	return outer
}

// credentialsOf are where the passwords of accounts may be for systemd.
func credentialsOf(c *config.Config, path string) (list []systemd.Credential) {
	for _, a := range c.Accounts {
		file := a.Secret.File
		if file == "" {
			var err error
			if file, err = secret.File(filepath.Dir(path), a.Name); err != nil {
				continue
			}
		}
		list = append(list, systemd.Credential{Account: a.Name, File: file})
	}
	return list
}

// writeUnits writes the files, all or none: what is there and differs stays.
func (sh *shell) writeUnits(f systemdFlags, files []systemd.File) error {
	there := make([]bool, len(files))
	for i, file := range files {
		path := filepath.Join(f.Output, file.Name)
		text, err := os.ReadFile(path)
		switch {
		case err == nil && string(text) == file.Text:
			there[i] = true
		case err == nil:
			return withStatus(exitOutput, fmt.Errorf("file %q: it is there already, and says something else", path), "compare the two, and remove it if you want the new one")
		case !errors.Is(err, fs.ErrNotExist):
			return withStatus(exitOutput, fmt.Errorf("file %q: %s", path, pathReason(err)), "")
		}
	}
	for i, file := range files {
		path := filepath.Join(f.Output, file.Name)
		if there[i] {
			if err := sh.say("%s is there already", path); err != nil {
				return err
			}
			continue
		}
		err := atomicfile.Write(atomicfile.OS{}, path, ".popherd.tmp", 0o644, func(w io.Writer) error {
			_, err := io.WriteString(w, file.Text)
			return err
		})
		if err != nil {
			return withStatus(exitOutput, fmt.Errorf("file %q: %s", path, pathReason(err)), "is the folder there, and yours to write to?")
		}
		if err := sh.say("%s is written", path); err != nil {
			return err
		}
	}
	return sh.sayEnable(f, files[len(files)-1].Name)
}

// sayEnable says how systemd begins with what was written.
func (sh *shell) sayEnable(f systemdFlags, name string) error {
	systemctl := "systemctl"
	if f.User {
		systemctl += " --user"
	}
	return sh.say("next: %s daemon-reload && %s enable --now %s", systemctl, systemctl, name)
}
