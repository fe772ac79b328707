package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/config"
	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/statuspage"
	"github.com/popherd/popherd/internal/systemd"
)

// daemonFlags are what the command line of daemon and worker says.
type daemonFlags struct {
	DB      string
	Listen  string
	Workers int

	listens bool // --listen was given
}

func (sh *shell) daemonCommand() *cobra.Command {
	var f daemonFlags
	cmd := &cobra.Command{
		Use:   "daemon",
		Short: "Run jobs when they are due, and show how they do",
		Long: `Run the jobs of the configuration, [jobs.NAME], when their schedules say so, and
show on a page of this machine what ran, what will, and why a message was or
would be deleted. Each account is a run of its own, in a worker process; no
maildrop is worked twice at once. The first run of a job, and the first after it
was changed, only plans, unless first_run = "real".

Several daemons may share one database, also on several machines with
PostgreSQL: then each fire still comes once, and a run whose daemon died runs
again elsewhere.

SIGTERM and Ctrl-C stop it: no run begins any more, one that only reads is
broken off and runs again later, and one that commits finishes. SIGHUP reads the
configuration again; one that is broken is refused whole, and the old one stays.
Standard error is the log; --log-format json makes each event an object.`,
		Example: `  popherd daemon
  popherd daemon --log-format json --listen 127.0.0.1:8080
  popherd daemon --db postgres://popherd@db.example.org/popherd?sslmode=verify-full`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			f.listens = cmd.Flags().Changed("listen")
			return sh.daemon(cmd.Context(), f)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&f.Listen, "listen", "", "show the status page at `HOST:PORT`; - shows none (default: [daemon] listen, else 127.0.0.1:8025)")
	return cmd
}

func (sh *shell) workerDaemonCommand() *cobra.Command {
	f := daemonFlags{Listen: noPage, listens: true}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Help a daemon on another machine to run jobs",
		Long: `Run jobs as popherd daemon does, without a page of its own: for further machines
that share a PostgreSQL database. It reads the same configuration, which must be
on this machine, too.`,
		Example: `  popherd worker --db postgres://popherd@db.example.org/popherd?sslmode=verify-full`,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			return sh.daemon(cmd.Context(), f)
		},
	}
	f.register(cmd)
	return cmd
}

func (f *daemonFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.DB, "db", "", databaseUsage)
	flags.IntVar(&f.Workers, "workers", 0, "at most `N` runs at once on this machine (default: [daemon] workers, else 8)")
}

// noPage is the --listen that shows no page.
const noPage = "-"

// A daemon is what runs until it is told to stop.
type daemon struct {
	sh        *shell // as the daemon began; the configuration that counts is the performer's
	flags     daemonFlags
	log       *slog.Logger
	performer *performer
	heralds   *heralds
	engine    *jobs.Engine
	link      systemd.Link
	attempts  statuspage.Attempts

	// Of the status page; "" and nil for none.
	address string
	serve   func(ctx context.Context, o statuspage.Options) error
}

// stopMost is how long a stop may take: what commits then is left to the journal.
const stopMost = 60 * time.Second

func (sh *shell) daemon(ctx context.Context, f daemonFlags) error {
	if f.Workers < 0 {
		return &usageError{object: "--workers", reason: fmt.Sprintf("%d is not a number of runs", f.Workers), hint: "as in --workers 8"}
	}
	var reloads <-chan struct{} // before anything else: SIGHUP ends whoever does not ask
	if sh.Reloads != nil {
		reloads = sh.Reloads()
	}
	c, err := sh.configuration()
	if err != nil {
		return err
	}
	d := &daemon{sh: sh, flags: f, log: sh.logger(), link: systemd.New(sh.Getenv)}
	if f.Workers == 0 {
		d.flags.Workers = c.Daemon.Workers
	}
	if !f.listens {
		d.flags.Listen = c.Daemon.Listen
	}
	if d.performer, err = sh.performer(d.log); err != nil {
		return err
	}
	leave, err := d.listen(ctx)
	if err != nil {
		return err
	}
	defer leave()
	d.heralds = newHeralds(d)
	d.engine, err = sh.openEngine(ctx, engineOptions{
		db: f.DB, performer: d.performer, notice: d.ended, workers: d.flags.Workers, log: d.log,
	})
	if err != nil {
		return err
	}
	defer d.engine.Close()
	return d.run(ctx, reloads)
}

// ended is jobs.Options.Notice.
func (d *daemon) ended(o jobs.Order, r jobs.Result, final bool) {
	d.attempts.Note(o, r, final)
	paused := final && (r.Class == jobs.Refused || r.Class == jobs.Permanent) && d.paused(o)
	if paused {
		d.log.Warn("the job is paused for the account", "job", o.Job, "account", o.Account, "run", o.Run, "message", r.Message, "hint", "popherd jobs enable "+o.Job)
	}
	d.heralds.tell(o, r, final, paused)
}

// paused reports whether the job of an order runs no more for its account.
func (d *daemon) paused(o jobs.Order) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	states, err := d.engine.Jobs(ctx)
	return err == nil && slices.ContainsFunc(states, func(s jobs.JobState) bool {
		return s.Name == o.Job && slices.ContainsFunc(s.Paused, func(p jobs.Pause) bool { return p.Account == o.Account })
	})
}

// listen opens the address of the status page, if there is to be one, before
// anything else begins: a second daemon of this machine ends here.
func (d *daemon) listen(ctx context.Context) (leave func(), err error) {
	if d.flags.Listen == "" || d.flags.Listen == noPage {
		return func() {}, nil
	}
	token, err := d.config().Daemon.FindToken(ctx, d.sh.Getenv)
	if err != nil {
		return nil, withStatus(exitConfig, err, hintOf(err))
	}
	listener, err := statuspage.Listen(d.flags.Listen, token)
	if err != nil {
		return nil, d.cannotListen(err)
	}
	d.address = listener.Addr().String()
	d.serve = func(ctx context.Context, o statuspage.Options) error {
		o.Token = token
		return statuspage.Serve(ctx, listener, statuspage.New(o))
	}
	return func() { listener.Close() }, nil
}

// cannotListen says why there is no page: by what was said, or by what there is.
func (d *daemon) cannotListen(err error) error {
	var taken syscall.Errno
	switch {
	case errors.As(err, &taken):
		return withStatus(exitUnavailable, fmt.Errorf("listen %q: %s", d.flags.Listen, taken), "is a popherd daemon running already? --listen HOST:PORT names another place, and --listen - shows no page")
	case d.flags.listens:
		return withStatus(exitUsage, err, hintOf(err))
	}
	return withStatus(exitConfig, err, hintOf(err))
}

// run works until the context ends, or something fails that it cannot do without.
func (d *daemon) run(ctx context.Context, reloads <-chan struct{}) error {
	if err := d.engine.Start(ctx); err != nil {
		return databaseFault(err)
	}
	var parts sync.WaitGroup
	defer parts.Wait()
	lives, end := context.WithCancelCause(ctx)
	defer end(nil)
	if d.serve != nil {
		parts.Go(func() {
			if err := d.serve(lives, d.page()); err != nil {
				end(err)
			}
		})
	}
	// Runs that end while it stops are told, too.
	telling, told := context.WithCancel(context.WithoutCancel(ctx))
	defer told()
	parts.Go(func() { d.heralds.work(telling) })
	parts.Go(func() { d.watch(lives) })
	d.said(d.link.Ready(d.state()))
	d.begins()
	for lives.Err() == nil {
		select {
		case <-reloads:
			d.reload()
		case <-lives.Done():
		}
	}
	return d.stop(context.Cause(lives))
}

func (d *daemon) begins() {
	c := d.config()
	d.log.Info("the daemon begins", "jobs", len(c.Jobs), "page", d.url(), "workers", d.flags.Workers, "pid", os.Getpid(),
		"config", c.Path, "db", d.database())
	if len(c.Jobs) == 0 {
		d.log.Warn("there are no jobs", "config", c.Path, "hint", "add a [jobs.NAME] with popherd config edit, then send SIGHUP to this process")
	}
}

// database is where the state of jobs is, without a password.
func (d *daemon) database() string {
	found, err := d.sh.jobsDatabase(d.flags.DB)
	if err != nil {
		return ""
	}
	if u, err := url.Parse(found.Reveal()); err == nil && u.Host != "" {
		return u.Redacted()
	}
	return found.Reveal()
}

// config is the configuration that counts.
func (d *daemon) config() *config.Config { return d.performer.now.Load().config }

// stop ends the runs: those that read are broken off, commits finish.
func (d *daemon) stop(cause error) error {
	d.said(d.link.Stopping("runs that commit finish"))
	d.log.Info("the daemon stops", "runs", d.engine.Stats().Running)
	ctx, cancel := context.WithTimeout(context.Background(), stopMost)
	defer cancel()
	err := d.engine.Stop(ctx)
	if err != nil {
		d.log.Error("stop", "error", err)
		return withStatus(exitTryAgain, err, "they run again, and what they did is found in the journal")
	}
	d.log.Info("the daemon has stopped")
	if cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// url is the address of the status page, or "".
func (d *daemon) url() string {
	if d.address == "" {
		return ""
	}
	return "http://" + d.address + "/"
}
