package statuspage

import (
	"context"

	"github.com/popherd/popherd/internal/jobs"
)

// A Source is the engine, as far as the page asks it: a *jobs.Engine is one.
type Source interface {
	Jobs(ctx context.Context) ([]jobs.JobState, error)
	History(ctx context.Context, q jobs.Query) ([]jobs.Run, error)
	Show(ctx context.Context, run int64) (jobs.Run, error)
	Stats() jobs.Stats

	Run(ctx context.Context, job string, accounts []string, dry *bool) ([]int64, error)
	Enable(ctx context.Context, job string) error
	Disable(ctx context.Context, job string) error
	Retry(ctx context.Context, run int64) error
	Cancel(ctx context.Context, run int64) error
}

var _ Source = (*jobs.Engine)(nil)
