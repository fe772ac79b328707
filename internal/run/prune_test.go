package run

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/deliver"
	"github.com/popherd/popherd/internal/state"
	"github.com/popherd/popherd/pop3"
)

// Backups beyond the bounds are removed once a later run has committed.
func TestBackupsArePruned(t *testing.T) {
	dir := t.TempDir()
	spec, err := deliver.Parse("eml:" + filepath.Join(dir, "backup"))
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	runOn := func(days int, change func(*Options)) {
		s := serve(mail(3), nil)
		defer s.stop()
		o := s.options(t, "")
		o.Program = compile(t, "return { rule = rule.always(), delete = true }")
		o.Account = func(context.Context, string, func(pop3.TraceEvent)) (Opened, error) {
			return Opened{Client: login(t, s), Name: "demo", Key: day.AddDate(0, 0, days).String(), Host: "pop.example.org", Port: 110}, nil
		}
		o.Now = func() time.Time { return day.AddDate(0, 0, days) }
		o.OpenState = func(ctx context.Context) (*state.Store, error) {
			return state.Open(ctx, filepath.Join(dir, "state"), state.Options{})
		}
		o.Backup = &spec
		change(&o)
		_, err := perform(t, context.Background(), o)
		wantError(t, err, "")
	}
	count := func() int {
		files, err := os.ReadDir(filepath.Join(dir, "backup"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	keep := func(o *Options) { o.BackupAge = 10 * 24 * time.Hour }
	for _, step := range []struct {
		days, want int
		change     func(*Options)
	}{
		{0, 3, keep},
		{5, 6, keep},
		{12, 6, keep}, // the first three are too old
		{13, 3, func(o *Options) { o.BackupOctets = 200 }}, // of about 60 octets each
	} {
		runOn(step.days, step.change)
		if got := count(); got != step.want {
			t.Errorf("after day %d: got %d backups, want %d", step.days, got, step.want)
		}
	}
}
