package systemd_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
	"github.com/popherd/popherd/internal/systemd"
)

// now is when the tests are.
var now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// sayable are schedules that systemd can keep, and how.
var sayable = []struct {
	text, zone string
	want       []string
}{
	{"0 4 * * *", "", []string{"*-*-* 04:00:00"}},
	{"0 4 * * *", "Europe/Berlin", []string{"*-*-* 04:00:00 Europe/Berlin"}},
	{"CRON_TZ=America/New_York 0 4 * * *", "", []string{"*-*-* 04:00:00 America/New_York"}},
	{"TZ=UTC 30 2 * * *", "Europe/Berlin", []string{"*-*-* 02:30:00 UTC"}},
	{"*/15 8-17 * * 1-5", "Europe/Berlin", []string{"Mon..Fri *-*-* 08..17:00,15,30,45:00 Europe/Berlin"}},
	{"5,35 22-23,4 1,15 */3 *", "Europe/Berlin", []string{"*-01,04,07,10-01,15 04,22,23:05,35:00 Europe/Berlin"}},
	{"0 5 * * sun,WED,5-7", "", []string{"Wed,Fri..Sun *-*-* 05:00:00"}},
	{"0 5 * * 0-7", "", []string{"*-*-* 05:00:00"}},
	{"0 5 29 feb *", "", []string{"*-02-29 05:00:00"}},
	{"0 22-4 * * *", "", []string{"*-*-* 00..04,22,23:00:00"}},
	{"0 8-18/2 * * *", "", []string{"*-*-* 08,10,12,14,16,18:00:00"}},
	{"0 1-23/2 * * *", "Europe/Berlin", []string{"*-*-* 01,03,05,07,09,11,13,15,17,19,21,23:00:00 Europe/Berlin"}}, // never in the hour of the change
	// Either will do; with a wildcard in one of them, both must be right.
	{"0 5 1,15 * mon", "", []string{"*-*-01,15 05:00:00", "Mon *-*-* 05:00:00"}},
	{"0 5 */2 * mon", "", []string{"Mon *-*-01,03,05,07,09,11,13,15,17,19,21,23,25,27,29,31 05:00:00"}},
	{"@daily", "", []string{"*-*-* 00:00:00"}},
	{"@Weekly", "", []string{"Sun *-*-* 00:00:00"}},
	{"@monthly", "", []string{"*-*-01 00:00:00"}},
	{"@yearly", "", []string{"*-01-01 00:00:00"}},
	// By elapsed time, in both of two equal hours.
	{"@hourly", "", []string{"*-*-* *:00:00"}},
	{"@hourly", "Europe/Berlin", []string{"*-*-* *:00:00 UTC"}},
	{"*/15 * * * *", "Europe/Berlin", []string{"*-*-* *:00,15,30,45:00 UTC"}},
	{"5 * * * *", "America/St_Johns", []string{"*-*-* *:35:00 UTC"}},
	{"5 * * * *", "Asia/Kathmandu", []string{"*-*-* *:05:00 Asia/Kathmandu"}}, // which has no changes
	{"0 * * * mon-fri", "Europe/Berlin", []string{"Mon..Fri *-*-* *:00:00 Europe/Berlin"}},
	{"@every 1m", "", []string{"*-*-* *:*:00 UTC"}},
	{"@every 90s", "", []string{"*-*-* *:00,03,06,09,12,15,18,21,24,27,30,33,36,39,42,45,48,51,54,57:00 UTC", "*-*-* *:01,04,07,10,13,16,19,22,25,28,31,34,37,40,43,46,49,52,55,58:30 UTC"}},
	{"@every 20m", "Europe/Berlin", []string{"*-*-* *:00,20,40:00 UTC"}},
	{"@every 90m", "Europe/Berlin", []string{"*-*-* 00,03,06,09,12,15,18,21:00:00 UTC", "*-*-* 01,04,07,10,13,16,19,22:30:00 UTC"}},
	{"@every 24h", "", []string{"*-*-* 00:00:00 UTC"}},
	{"@every 168h", "", []string{"Thu *-*-* 00:00:00 UTC"}},
}

func TestCalendar(t *testing.T) {
	for _, c := range sayable {
		if _, err := schedule.Parse(c.text, time.UTC); err != nil {
			t.Error(err)
		}
		got, err := systemd.Calendar(c.text, c.zone, time.UTC, now)
		if err != nil {
			t.Errorf("%q in %q: %v", c.text, c.zone, err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %q: got %q, want %q", c.text, c.zone, got, c.want)
		}
	}
}

func TestCalendarThatCannotBeSaid(t *testing.T) {
	for _, c := range []struct{ text, zone, want string }{
		{"30 2 * * *", "Europe/Berlin", "on 2026-03-29 the clock of Europe/Berlin goes from 02:00 to 03:00, and systemd would leave out"},
		{"0 2 * * sun", "America/New_York", "on 2026-03-08 the clock of America/New_York goes from 02:00 to 03:00"},
		{"30 1 * * *", "America/New_York", "on 2026-11-01 the clock of America/New_York goes back from 02:00 to 01:00, and systemd does not tell apart"},
		{"@daily", "Africa/Cairo", "on 2026-04-24 the clock of Africa/Cairo goes from 00:00 to 01:00"},
		{"0 */2 * * *", "Europe/Berlin", "on 2026-03-29 the clock of Europe/Berlin goes from 02:00 to 03:00"},
		{"0 0-23 * * *", "Europe/Berlin", "on 2026-03-29"}, // fixed hours: one of two equal ones
		{"30 2 * oct *", "Europe/Berlin", "on 2026-10-25 the clock of Europe/Berlin goes back from 03:00 to 02:00"},
		{"*/15 * * * *", "Australia/Lord_Howe", "goes back from 02:00 to 01:30"}, // half an hour: UTC's hours do not go along
		{"30 2 25 10 *", "Europe/Berlin", "on 2026-10-25"},
		{"30 2 28 3 *", "Europe/Berlin", "on 2027-03-28"}, // the first Sunday that it is
		{"@every 7m", "", "a day is no multiple of it"},
		{"@every 48h", "", "a day is no multiple of it"},
		{"@every 64s", "", "it would take 225 lines"},
		{"@every soon", "", "not an interval"},
		{"0 4 * *", "", "not a schedule"},
		{"0 4 * * funday", "", "not a schedule"},
		{"60 4 * * *", "", "not a schedule"},
		{"0 4 * * *", "Europe/Bonn", `no time zone is named "Europe/Bonn"`},
	} {
		_, err := systemd.Calendar(c.text, c.zone, time.UTC, now)
		e, ok := err.(*systemd.Error)
		if !ok || !strings.Contains(e.Error(), c.want) || !strings.HasPrefix(e.Error(), `schedule "`+c.text+`": `) || e.Hint() == "" {
			t.Errorf("%q in %q: got %v, want %s and a hint", c.text, c.zone, err, c.want)
		}
	}
}

// TestLocalZoneCounts: the machine's own zone has days of change, too.
func TestLocalZoneCounts(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := systemd.Calendar("30 2 * * *", "", berlin, now); err == nil {
		t.Error("got no error of a time that is left out")
	}
	got, err := systemd.Calendar("30 4 * * *", "", berlin, now)
	if want := []string{"*-*-* 04:30:00"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
