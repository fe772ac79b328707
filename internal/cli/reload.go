package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/popherd/popherd/internal/systemd"
)

// reload reads the configuration again. If anything is wrong with it all of the
// old one stays, and the log says what.
func (d *daemon) reload() {
	d.said(d.link.Reloading(systemd.Monotonic()))
	if err := d.renew(); err != nil {
		d.log.Error("the configuration was not taken; the old one stays", "error", err, "hint", hintOf(err))
	} else {
		d.log.Info("the configuration was read again", "jobs", len(d.config().Jobs))
	}
	d.said(d.link.Ready(d.state()))
}

// renew takes the configuration as it is now, or nothing of it.
func (d *daemon) renew() error {
	fresh := *d.sh
	fresh.configured = nil
	c, err := fresh.configuration()
	if err != nil {
		return err
	}
	definitions, err := fresh.definitions(c)
	if err != nil {
		return err
	}
	g, err := fresh.generation()
	if err != nil {
		return err
	}
	old := d.performer.now.Swap(g) // first: new jobs may be due at once
	if err := d.engine.Reload(definitions); err != nil {
		d.performer.now.Store(old)
		return err
	}
	before := old.config.Daemon
	if now := c.Daemon; now.DB != before.DB || now.Listen != before.Listen || now.Workers != before.Workers || now.HistoryDays != before.HistoryDays {
		d.log.Warn("[daemon] has changed, which counts when the daemon begins again")
	}
	return nil
}

// state is the daemon in a line, for systemd.
func (d *daemon) state() string {
	text := fmt.Sprintf("%d jobs, %d runs under way", len(d.config().Jobs), d.engine.Stats().Running)
	if d.address != "" {
		text += ", " + d.url()
	}
	return text
}

// said logs that systemd was not told.
func (d *daemon) said(err error) {
	if err != nil {
		d.log.Debug("systemd was not told", "error", err)
	}
}

// stuckAfter is when a daemon that looks at no clock is one to start anew.
const stuckAfter = 2 * time.Minute

// healthy reports whether the engine goes on.
func (d *daemon) healthy() bool {
	return time.Since(d.engine.Stats().Ticked) < stuckAfter
}

// backups is how much of the disk the backups of all jobs use.
func (g *generation) backups() (int64, error) {
	counted := map[string]bool{}
	total := int64(0)
	for _, j := range g.config.Jobs {
		dir := j.Policy.Backup
		if dir == "" || counted[dir] {
			continue
		}
		counted[dir] = true
		octets, err := sizeOf(dir)
		if err != nil {
			return 0, err
		}
		total += octets
	}
	return total, nil
}

// metrics writes what the engine does not count.
func (h *heralds) metrics(w io.Writer) {
	fmt.Fprintf(w, "popherd_notices_total %d\npopherd_notices_failed_total %d\n", h.told.Load(), h.failed.Load())
}
