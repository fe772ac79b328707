package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/host"
	"github.com/popherd/popherd/internal/login"
	"github.com/popherd/popherd/internal/policy"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/script"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/scripts"
)

// A job is one run, as it can be handed to another process.
type job struct {
	Name     string // of the script
	Source   []byte
	Args     []string
	Flags    runFlags
	Maildrop string           // local mail, if the job is over some
	Served   *host.Address    // where it is served
	Accounts []config.Account // that the script can open
	Account  string           // the name of the one that the job is over; "" if none is named
	Trace    bool
	Verbose  bool

	admit func(host string) error // tells who serves the local maildrop
}

// forWorker is the job without what is the supervisor's alone: where the tokens
// of accounts come from.
func (j *job) forWorker() *job {
	own := *j
	own.Accounts = slices.Clone(j.Accounts)
	for i := range own.Accounts {
		own.Accounts[i].OAuth = nil
	}
	return &own
}

// outside is what a run reaches of the world beside the network.
type outside struct {
	stdout  printer
	talk    io.Writer // trace and debug output
	getUser func() (string, error)
	getPass func(ctx context.Context, prompt string) (string, error)

	// credential is host.Options.Credential.
	credential func(ctx context.Context, name string, refused bool) (login.Credential, error)

	now      func() time.Time
	progress func(stage string, done, total int)
	step     func(run.Step)
	audit    func(policy.Request) error
	log      func(level, message string, fields map[string]string)
}

// folders are where the script's modules are: beside it, in --lib, and among
// those that popherd ships. Nothing outside of them can be reached, by no link
// and no name.
func (j *job) folders() ([]fs.FS, error) {
	var folders []fs.FS
	paths := j.Flags.Libs
	if !strings.HasPrefix(j.Name, "@") {
		paths = append([]string{filepath.Dir(j.Name)}, paths...)
	}
	for _, path := range paths {
		root, err := os.OpenRoot(path)
		if err != nil {
			return nil, scriptError(path, err)
		}
		folders = append(folders, root.FS())
	}
	return append(folders, scripts.FS()), nil
}

// perform does the job in this process. The report is nil if it did not begin.
func (j *job) perform(ctx context.Context, out outside) (*run.Report, error) {
	program, err := script.Compile(j.Name, j.Source)
	if err != nil {
		return nil, err
	}
	permitted, err := j.Flags.policy()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	audit := func(r policy.Request) {
		if err := out.audit(r); err != nil {
			stop(err)
		}
	}
	options := host.Options{
		Policy:     permitted,
		Maildrop:   j.Maildrop,
		Served:     j.Served,
		Admit:      j.admit,
		CAFile:     j.Flags.CAFile,
		Audit:      audit,
		Accounts:   j.Accounts,
		Default:    j.Account,
		Credential: out.credential,
	}
	if j.Trace {
		options.Trace = out.talk
	}
	h, err := host.Open(options)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	output, err := size("--max-output", j.Flags.MaxOutput, 1)
	if err != nil {
		return nil, err
	}
	folders, err := j.folders()
	if err != nil {
		return nil, err
	}
	o := run.Options{
		Program:   program,
		Args:      j.Args,
		Folders:   folders,
		Steps:     j.Flags.Steps,
		Policy:    permitted,
		Log:       out.log,
		Audit:     audit,
		DryRun:    j.Flags.DryRun,
		Whole:     j.Flags.Output != "" || j.Verbose,
		Explain:   j.Flags.Explain,
		ReadAhead: j.Flags.ReadAhead || j.Served != nil,
		Dial:      h.Dial,
		Account:   h.Account,
		TLSConfig: h.TLSConfig,
		Stdout:    out.stdout,
		Flush:     out.stdout.Flush,
		MaxOutput: output,
		Debug:     out.talk,
		GetUser:   out.getUser,
		GetPass: func(prompt string) (string, error) {
			if err := out.stdout.Flush(); err != nil { // what was printed explains the question
				return "", err
			}
			return out.getPass(ctx, prompt)
		},
		Now:      out.now,
		Progress: out.progress,
		Step:     out.step,
	}
	if err := j.keep(&o); err != nil {
		return nil, err
	}
	return run.Run(ctx, o)
}

// keep adds what outlives the run: targets, backups, state, saved files.
func (j *job) keep(o *run.Options) (err error) {
	f := &j.Flags
	o.Quarantine = f.Quarantine
	if o.Targets, err = f.targets(); err != nil {
		return err
	}
	if o.Backup, err = f.backup(); err != nil {
		return err
	}
	o.BackupAge = time.Duration(f.BackupDays) * 24 * time.Hour
	if f.BackupMax != "" {
		if o.BackupOctets, err = size("--backup-max", f.BackupMax, 1); err != nil {
			return err
		}
	}
	switch {
	case f.NoState != "":
		o.OpenState = func(context.Context) (*state.Store, error) { return nil, errors.New(f.NoState) }
	case f.StateDir != "":
		o.OpenState = func(ctx context.Context) (*state.Store, error) {
			return state.Open(ctx, f.StateDir, state.Options{})
		}
	}
	if len(f.Write) > 0 {
		o.Save = host.Save(f.Write)
	}
	return nil
}
