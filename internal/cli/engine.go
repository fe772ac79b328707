package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/run"
	"github.com/popherd/popherd/internal/schedule"
	"github.com/popherd/popherd/internal/secret"
)

// jobsFile is the database of jobs in the folder of the state, unless another
// one is given.
const jobsFile = "jobs.db"

const databaseUsage = "the `DB` of jobs: a SQLite file, or postgres://USER@HOST/NAME (default: [daemon] db, else " + jobsFile + " in the folder of the state)"

// jobsDatabase is where the state of jobs is.
func (sh *shell) jobsDatabase(given string) (secret.Secret, error) {
	c, err := sh.configuration()
	switch {
	case err != nil:
		return secret.Secret{}, err
	case given != "":
		return givenDatabase(given)
	case c.Daemon.DB != "":
		return c.Daemon.Database(), nil
	}
	dir, err := sh.stateDir("")
	if err != nil {
		return secret.Secret{}, err
	}
	return secret.New(filepath.Join(dir, jobsFile)), nil
}

// givenDatabase reads --db as [daemon] db is read, which refuses what is no
// database and a password that would go over the network in clear.
func givenDatabase(given string) (secret.Secret, error) {
	if !strings.Contains(given, "://") {
		path, err := filepath.Abs(given)
		return secret.New(path), err
	}
	c, err := config.Parse("--db", []byte("[daemon]\ndb = "+strconv.Quote(given)), config.Options{})
	if faults := (*config.Errors)(nil); errors.As(err, &faults) {
		return secret.Secret{}, &usageError{object: "--db", reason: faults.List[0].Reason, hint: faults.List[0].Advice}
	}
	if err != nil {
		return secret.Secret{}, err
	}
	return c.Daemon.Database(), nil
}

// engineOptions are what a command wants of the engine.
type engineOptions struct {
	db        string // of the command line
	performer jobs.Performer
	notice    func(jobs.Order, jobs.Result, bool)
	workers   int
	log       *slog.Logger
}

// openJobs opens the engine with the jobs of the configuration. Without a
// performer it is to look and to order.
func (sh *shell) openJobs(ctx context.Context, db string, p jobs.Performer) (*jobs.Engine, error) {
	return sh.openEngine(ctx, engineOptions{db: db, performer: p})
}

func (sh *shell) openEngine(ctx context.Context, o engineOptions) (*jobs.Engine, error) {
	c, err := sh.configuration()
	if err != nil {
		return nil, err
	}
	database, err := sh.jobsDatabase(o.db)
	if err != nil {
		return nil, err
	}
	path := database.Reveal()
	if !strings.Contains(path, "://") {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, &inputError{"folder of the jobs' database", filepath.Dir(path), pathReason(err)}
		}
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, &usageError{object: "database of jobs " + path, reason: "is a folder, not a file", hint: "as in " + filepath.Join(path, jobsFile)}
	}
	definitions, err := sh.definitions(c)
	if err != nil {
		return nil, err
	}
	e, err := jobs.Open(ctx, jobs.Options{
		DB: path, Jobs: definitions, Performer: o.performer, Notice: o.notice, Node: node(),
		Workers: o.workers, HistoryDays: c.Daemon.HistoryDays, Now: sh.Now, Log: o.log,
	})
	if err != nil {
		return nil, databaseFault(err)
	}
	return e, nil
}

// databaseFault says what an error is of, and what to do.
func databaseFault(err error) error {
	if strings.Contains(err.Error(), "not a database") { // SQLite's words
		return withStatus(exitInput, fmt.Errorf("database of jobs: %w", err), "name another one, or move that file away: a new one is made")
	}
	return withStatus(exitTryAgain, fmt.Errorf("database of jobs: %w", err), "is it there, and may you write it? --db or [daemon] db in the configuration name another one")
}

// definitions are the jobs as the engine needs them.
func (sh *shell) definitions(c *config.Config) ([]jobs.Definition, error) {
	list := make([]jobs.Definition, 0, len(c.Jobs))
	for _, j := range c.Jobs {
		d, err := sh.definition(c, j)
		if err != nil {
			return nil, fmt.Errorf("job %s: %w", j.Name, err)
		}
		list = append(list, d)
	}
	return list, nil
}

func (sh *shell) definition(c *config.Config, j config.Job) (jobs.Definition, error) {
	when, err := j.When(time.Local)
	if err != nil {
		return jobs.Definition{}, err
	}
	catchUp, err := schedule.ParseCatchUp(j.CatchUp)
	if err != nil {
		return jobs.Definition{}, err
	}
	chosen, err := c.Select(j.Accounts)
	if err != nil {
		return jobs.Definition{}, err
	}
	accounts := make([]jobs.Account, len(chosen))
	for i, a := range chosen {
		accounts[i] = jobs.Account{Name: a.Name, Maildrop: maildropOf(a)}
	}
	return jobs.Definition{
		Name: j.Name, Accounts: accounts, Schedule: when, Jitter: j.Jitter, Deadline: j.Deadline, CatchUp: catchUp,
		DryFirst: j.FirstRun != config.Real, Retries: j.Retries, PauseAfter: j.PauseAfter, Enabled: j.Enabled,
		Digest: func() (string, error) {
			source, err := readScript(j.Script)
			if err != nil {
				return "", err
			}
			return digest(c, j, source)
		},
	}, nil
}

// maildropOf is what an account means, on whatever machine, by whatever name.
func maildropOf(a config.Account) string { return run.Key(a.User, strings.ToLower(a.Host), a.Port) }
