package cli

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/popherd/popherd/internal/statuspage"
)

// watch tells systemd's watchdog that the daemon is well, as long as it is.
func (d *daemon) watch(ctx context.Context) {
	every := d.link.Watchdog()
	if every == 0 {
		return
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if d.healthy() {
				d.said(d.link.Alive())
			} else {
				d.log.Error("the engine is stuck", "ticked", d.engine.Stats().Ticked)
			}
		case <-ctx.Done():
			return
		}
	}
}

// now is the daemon's clock.
func (d *daemon) now() time.Time {
	if d.sh.Now != nil {
		return d.sh.Now()
	}
	return time.Now()
}

// page is what the status page is made of.
func (d *daemon) page() statuspage.Options {
	return statuspage.Options{
		Source:   d.engine,
		Backups:  func(context.Context) (int64, error) { return d.performer.now.Load().backups() },
		Metrics:  d.heralds.metrics,
		Attempts: &d.attempts,
		Version:  versionLine(),
		Node:     node(),
		Zone:     time.Local,
		Log:      d.log,
	}
}

// node is the name of this machine.
func node() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	return name
}

// sizeOf is how many octets the files of a folder have; none if it is not there.
func sizeOf(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return ignoreMissing(err)
		}
		info, err := entry.Info()
		if err != nil {
			return ignoreMissing(err)
		}
		total += info.Size()
		return nil
	})
	return total, err
}

// ignoreMissing is nil for what went away meanwhile.
func ignoreMissing(err error) error {
	if os.IsNotExist(err) {
		return nil
	}
	return err
}
