package systemd_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
	"github.com/popherd/popherd/internal/systemd"
)

// analyze runs systemd-analyze, which needs no systemd to run. Where it is not
// installed the test is skipped, or fails if POPHERD_REAL_SERVERS is 1.
func analyze(t *testing.T, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("systemd-analyze")
	switch {
	case err != nil && os.Getenv("POPHERD_REAL_SERVERS") == "1":
		t.Fatal("systemd-analyze is not installed, and POPHERD_REAL_SERVERS demands it: install Debian's package systemd")
	case err != nil:
		t.Skip("systemd-analyze is not installed")
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"LC_ALL=C", "TZ=UTC", "HOME=" + t.TempDir(), "XDG_RUNTIME_DIR=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// asked is a schedule in a zone, and what systemd is given.
type asked struct {
	text  string
	when  schedule.Schedule
	lines []string
}

// elapses asks systemd when each line elapses next, so many times.
func elapses(t *testing.T, lines []string, from time.Time, count int) map[string][]time.Time {
	t.Helper()
	args := []string{"calendar", "--base-time=" + from.UTC().Format("2006-01-02 15:04:05 UTC"), fmt.Sprintf("--iterations=%d", count), "--"}
	out, err := analyze(t, append(args, lines...)...)
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	times := map[string][]time.Time{}
	at := -1
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch {
		case key == "Normalized form":
			at++
		case key == "Next elapse", strings.HasPrefix(key, "Iter. #"), strings.HasPrefix(key, "Iteration #"):
			when, err := time.Parse("Mon 2006-01-02 15:04:05 MST", strings.TrimSpace(value))
			if err != nil {
				t.Fatal(err)
			}
			times[lines[at]] = append(times[lines[at]], when)
		}
	}
	return times
}

// agree compares what systemd says with the fires of each schedule.
func agree(t *testing.T, all []asked, from time.Time, count int) (compared int) {
	t.Helper()
	var lines []string
	for _, a := range all {
		lines = append(lines, a.lines...)
	}
	slices.Sort(lines)
	times := elapses(t, slices.Compact(lines), from, count)
	for _, a := range all {
		// Each line says when it comes next; of all together the first are known.
		var got []time.Time
		until := from.AddDate(100, 0, 0)
		for _, line := range a.lines {
			one := times[line]
			if len(one) != count {
				t.Fatalf("%q: %s elapses %d times, want %d", a.text, line, len(one), count)
			}
			got = append(got, one...)
			if last := one[count-1]; last.Before(until) {
				until = last
			}
		}
		slices.SortFunc(got, time.Time.Compare)
		got = slices.CompactFunc(got, time.Time.Equal)
		for i, fire := 0, a.when.Next(from); !fire.IsZero() && !fire.After(until); i, fire = i+1, a.when.Next(fire) {
			compared++
			if i >= len(got) || !got[i].Equal(fire) {
				t.Errorf("%q as %q: elapse %d after %s is %v, want %s", a.text, a.lines, i, from, got[min(i, len(got)-1)], fire)
				break
			}
		}
	}
	return compared
}

// zones have changes of an hour and of half an hour, at midnight and elsewhere,
// in both halves of the world, and none.
var zones = []string{
	"UTC", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Havana", "America/Santiago",
	"Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Auckland",
}

// TestSystemdAgrees has systemd compute what many schedules were translated to,
// around the days of change of many zones, and compares it with internal/schedule.
func TestSystemdAgrees(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	compared, refused := 0, 0
	for _, name := range zones {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"0 4 * * *", "@hourly", "@daily", "*/15 * * * *", "0 */2 * * *", "30 1 * * *", "30 2 * * *", "0 3 * * *", "30 0 * * *", "@every 90m", "@every 24h", "@weekly", "30 4 1,15 * mon-fri"}
		for range 12 {
			texts = append(texts, randomFields(random))
		}
		var all []asked
		for _, text := range texts {
			s, err := schedule.Parse(text, zone)
			if err != nil {
				continue // 30 February
			}
			lines, err := systemd.Calendar(text, name, time.UTC, now)
			if err != nil {
				refused++
				continue
			}
			all = append(all, asked{text, s, lines})
		}
		for _, from := range daysOfChange(zone) {
			compared += agree(t, all, from, 16)
		}
	}
	t.Logf("%d fires are the same; %d schedules could not be said", compared, refused)
	if compared < 5000 || refused == 0 {
		t.Errorf("got %d fires compared and %d schedules refused: too few", compared, refused)
	}
}

// daysOfChange are moments two days before a zone's changes of 2026, or one of
// that year if there are none.
func daysOfChange(zone *time.Location) (list []time.Time) {
	for at := now.In(zone); ; {
		_, at = at.ZoneBounds()
		if at.IsZero() || at.Year() > 2026 {
			break
		}
		list = append(list, at.AddDate(0, 0, -2))
	}
	return append(list, now)
}

// randomFields are five fields, many of them at night.
func randomFields(r *rand.Rand) string {
	pick := func(choices string) string {
		words := strings.Fields(choices)
		return words[r.IntN(len(words))]
	}
	return strings.Join([]string{
		pick("* 0 30 59 */15 */7 0-50/10 5,35 1,8-17 50-10 5,10,40-42"),
		pick("* 0 1 2 3 4 23 */2 */5 8-18/2 9-17 22-4 0,12 1-23/2 2-5 6,18,20-22"),
		pick("* * * * 1,15 */2 28-3 10-20/5 29"),
		pick("* * * * feb-apr */3 nov-feb 1-12/2"),
		pick("* * * * 0 7 1-5 fri-mon sun,WED 0-7 */2 sat"),
	}, " ")
}

// TestSystemdTakesUnits has systemd verify files whose paths are as bad as may be.
func TestSystemdTakesUnits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), `spaces and 100% $HOME ü`)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "pop herd")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, o := range optionsOfAll() {
		o.Program = program
		o.Config = `/etc/po"p $HOME ${X} \ %h ü/config.toml`
		o.Writes = append(o.Writes, `/srv/my "mail" 100% \`)
		files, err := systemd.Units(o)
		if err != nil {
			t.Fatal(err)
		}
		to := t.TempDir()
		args := []string{"verify", "--man=no"}
		if o.User {
			args = append(args, "--user")
		}
		for _, f := range files {
			path := filepath.Join(to, f.Name)
			if err := os.WriteFile(path, []byte(f.Text), 0o644); err != nil {
				t.Fatal(err)
			}
			args = append(args, path)
		}
		if out, err := analyze(t, args...); err != nil || strings.Contains(out, to) {
			t.Errorf("%s: %v\n%s", files[0].Name, err, out)
		}
	}
}

// TestServiceIsConfined has systemd weigh what a service of the system can do
// still: 10 is all, and an ordinary service has 9.
func TestServiceIsConfined(t *testing.T) {
	for _, o := range optionsOfAll() {
		if o.User {
			continue
		}
		files, err := systemd.Units(o)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), files[0].Name)
		if err := os.WriteFile(path, []byte(files[0].Text), 0o644); err != nil {
			t.Fatal(err)
		}
		if out, err := analyze(t, "security", "--offline=true", "--threshold=25", path); err != nil {
			t.Errorf("%s: more than 2.5\n%s", files[0].Name, out)
		}
	}
}
