package statuspage

import (
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/jobs"
	"github.com/popherd/popherd/internal/schedule"
)

// TestEngine shows a real engine, and orders what it shows then. Nobody works:
// it has no performer.
func TestEngine(t *testing.T) {
	daily, err := schedule.Parse("0 3 * * *", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	e, err := jobs.Open(t.Context(), jobs.Options{
		DB: filepath.Join(t.TempDir(), "jobs.db"), Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler),
		Jobs: []jobs.Definition{{Name: "newsletters", Accounts: []jobs.Account{{Name: "work"}, {Name: "home"}}, Schedule: daily, Enabled: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	o := options(nil)
	o.Source = e
	b := serve(t, o)
	if text := b.get("/").text; !strings.Contains(text, "2026-03-05 03:00:00 UTC") || !strings.Contains(text, "it has not begun") {
		t.Errorf("the first page says:\n%s", text)
	}
	proof := b.proof("/jobs/newsletters")
	order := func(path, want string, form url.Values) {
		t.Helper()
		form.Set("form", proof)
		a := b.post(path, form)
		if a.status != http.StatusSeeOther {
			t.Fatalf("POST %s: status %d\n%s", path, a.status, a.text)
		}
		if text := b.get(a.header.Get("Location")).text; !strings.Contains(text, want) {
			t.Errorf("after POST %s the page does not say %q:\n%s", path, want, text)
		}
	}
	order("/jobs/newsletters/run", ">waits<", url.Values{"account": {"work"}, "dry": {"true"}})
	order("/jobs/newsletters/run", "home", url.Values{"dry": {""}})
	order("/runs/1/cancel", "cancelled", url.Values{})
	order("/runs/1/retry", ">waits<", url.Values{})
	order("/jobs/newsletters/disable", "disabled", url.Values{})
	order("/jobs/newsletters/enable", "enabled", url.Values{})
	if text := b.get("/runs?account=work").text; strings.Contains(text, ">home</bdi>") || !strings.Contains(text, ">work</bdi>") {
		t.Errorf("the runs of one account:\n%s", text)
	}
	for _, path := range []string{"/runs/99/cancel", "/jobs/nobody/run"} {
		if a := b.post(path, url.Values{"form": {proof}}); a.status != http.StatusNotFound {
			t.Errorf("POST %s: status %d", path, a.status)
		}
	}
}
