package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
)

// prune removes backups beyond the bounds, if this run made any. A backup that
// cannot be removed is left to the next run, and told of: it must not make a run
// fail that is done.
func (r *run) prune(ctx context.Context) {
	if r.targets[backup] == nil || r.BackupAge == 0 && r.BackupOctets == 0 {
		return
	}
	if err := r.pruned(ctx); err != nil {
		r.log("warn", "backups: "+err.Error())
	}
}

func (r *run) pruned(ctx context.Context) error {
	before, most := time.Time{}, int64(math.MaxInt64)
	if r.BackupAge > 0 {
		before = r.now().Add(-r.BackupAge)
	}
	if r.BackupOctets > 0 {
		most = r.BackupOctets
	}
	old, err := r.store.OldBackups(ctx, before, most)
	if err != nil {
		return err
	}
	files := r.Files
	if files == nil {
		files = atomicfile.OS{}
	}
	var gone []int64
	for _, b := range old {
		if err := files.Remove(b.File); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(fmt.Errorf("%s: %w", b.File, err), r.store.ForgetBackups(ctx, gone...))
		}
		gone = append(gone, b.ID)
	}
	return r.store.ForgetBackups(ctx, gone...)
}
