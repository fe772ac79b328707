package deliver

import (
	"context"
	"errors"
	"time"

	"github.com/popherd/popherd/internal/atomicfile"
)

// wait tries until something is not locked, or not any more within timeout.
func wait(ctx context.Context, timeout time.Duration, try func() error) error {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, 250*time.Millisecond) {
		err := try()
		if !errors.Is(err, atomicfile.ErrLocked) {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-bounded.Done():
			timer.Stop()
			if ctx.Err() != nil {
				return errors.Join(err, ctx.Err())
			}
			return temporarily(err)
		}
	}
}
