package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// unitsFor is what popherd systemd prints with a configuration, at some time
// and place.
func unitsFor(t *testing.T, config string, now time.Time, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.toml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, complaints bytes.Buffer
	status = Main(t.Context(), Env{
		Args:   append([]string{"--config", path, "systemd"}, args...),
		Stdin:  strings.NewReader(""),
		Stdout: &out, Stderr: &complaints,
		Getenv:     func(string) string { return "" },
		Now:        func() time.Time { return now },
		Executable: "/usr/local/bin/popherd",
	})
	return out.String(), complaints.String(), status
}

const cleanupJob = `
[accounts.work]
user = "anna"
host = "pop.example.org"
[jobs.night]
script = "@older-than"
args = ["30"]
accounts = ["work"]
schedule = "30 2 * * *"
`

// TestSystemdTimerIsOfTheMachinesZone: a job without a zone goes by the zone of
// the machine, whose clock may be changed.
func TestSystemdTimerIsOfTheMachinesZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	out, complaints, status := unitsFor(t, cleanupJob, now, "--job=night")
	if want := "\nOnCalendar=*-*-* 02:30:00\n"; status != exitOK || !strings.Contains(out, want) {
		t.Errorf("in UTC: got status %d, %s%s, want%s", status, out, complaints, want)
	}
	_, complaints, status = unitsFor(t, cleanupJob, now.In(berlin), "--job=night")
	if want := "on 2026-10-25 the clock of Europe/Berlin goes back from 03:00 to 02:00"; status != exitUsage || !strings.Contains(complaints, want) {
		t.Errorf("in Berlin: got status %d, %s, want %d, %s", status, complaints, exitUsage, want)
	}
}

func TestSystemdThatCannotBePrinted(t *testing.T) {
	var complaints bytes.Buffer
	status := Main(t.Context(), Env{
		Args: []string{"systemd", "--user"}, Stdin: strings.NewReader(""), Stdout: brokenOutput{}, Stderr: &complaints,
		Getenv:     func(name string) string { return map[string]string{"HOME": "/nobody"}[name] },
		Executable: "/usr/local/bin/popherd",
	})
	if status != exitOutput {
		t.Errorf("got status %d, %s, want %d", status, complaints.String(), exitOutput)
	}
}

func TestOutermost(t *testing.T) {
	got := outermost([]string{"/srv/mail", "", "/srv", "/srv-old", "/srv", "/srv/mail/a", "/var"})
	if want := []string{"/srv", "/srv-old", "/var"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
