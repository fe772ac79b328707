package schedule_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/schedule"
)

// broken are texts that people write and that are no schedule.
var broken = []string{
	"", "   ", "0 4", "0 4 * *", "0 0 4 * * *", "0 0 0 4 * * * 2026", "61 * * * *", "0 24 * * *", "0 0 32 * *", "0 0 0 * *",
	"0 0 * 13 *", "0 0 * 0 *", "0 0 * * 8", "0 0 * * monday", "0 0 * sept *", "0 0 * * mon-", "0 0 * * -fri", "1,,2 * * * *", ", * * * *",
	"*/0 * * * *", "*/60 * * * *", "*/90 * * * *", "0 */24 * * *", "*/ * * * *", "*/x * * * *", "*/-5 * * * *", "5/15 * * * *", "*/5/5 * * * *", "1-5/9 * * * *",
	"1-2-3 * * * *", "**  * * * *", "*-5 * * * *", "+5 * * * *", "-5 * * * *", "0x10 * * * *", "1.5 * * * *", "99999999999999999999 * * * *",
	"*/99999999999999999999 * * * *", "? * * * *", "0 0 L * *", "0 0 15W * *", "0 0 * * fri#2", "0 0 * * mon#1,tues", "H 0 * * *", "0 0 30 2 *", "0 0 31 feb,apr,jun,sep,nov *",
	"0 0 30-31 2 mon", "0\n0 * * *", "0 0 * * *\x00", "０ 0 * * *", "\xff 0 * * *", "@reboot", "@dayly", "@", "@every", "@every 30s", "@every -90m", "@every 1d",
	"@every 90m 5m", "@every 9000h", "@every 1m0.5s", "@every90m", "@daily 5", "CRON_TZ=Europe/Berlin", "CRON_TZ=Europe/Berlin @every 24h", "CRON_TZ= 0 4 * * *",
	"TZ=Local 0 4 * * *", "TZ=Europe/Berlino 0 4 * * *", "TZ=../../etc/passwd 0 4 * * *", "TZ=/etc/localtime 0 4 * * *", "TZ=Europe 0 4 * * *", "0 4 * * * TZ=UTC",
	"TZ=" + strings.Repeat("x", 100) + " 0 4 * * *", strings.Repeat("1,", 400) + "1 * * * *",
}

func TestBroken(t *testing.T) {
	var b strings.Builder
	for _, text := range broken {
		s, err := schedule.Parse(text, nil)
		var fault *schedule.Error
		if !errors.As(err, &fault) || fault.Hint() == "" || s != (schedule.Schedule{}) {
			t.Errorf("Parse(%q) = %v, %v, want an *Error with a hint", text, s, err)
			continue
		}
		fmt.Fprintf(&b, "%v\n\tfield %q; %s\n", fault, fault.Field, fault.Hint())
	}
	golden(t, "broken.txt", b.String())
}

// TestFields: what a text means, as another text that means the same.
func TestFields(t *testing.T) {
	for _, c := range []struct{ text, same string }{
		{"  0\t4  * * * ", "0 4 * * *"},
		{"*/20 * * * *", "0,20,40 * * * *"},
		{"0-59 * * * *", "* * * * *"},
		{"5-9/2,30 * * * *", "5,7,9,30 * * * *"},
		{"0 22-2 * * *", "0 22,23,0,1,2 * * *"},
		{"0 22-4/3 * * 1", "0 22,1,4-4/1 * * 1"},
		{"0 0 * * 7", "0 0 * * 0"},
		{"0 0 * * SUN", "0 0 * * 0"},
		{"0 0 * * 0-7", "0 0 * * 0-6"},
		{"0 0 * * 1-7", "0 0 * * 0-6"},
		{"0 0 * * fri-sun", "0 0 * * 5,6,0"},
		{"0 0 * * fri-mon/2", "0 0 * * 5,0"},
		{"0 0 * * 7-2", "0 0 * * 0,1,2"},
		{"0 0 1 Jan-Mar,dec *", "0 0 1 1,2,3,12 *"},
		{"0 0 30-2 * *", "0 0 30,31,1,2 * *"},
		{"@hourly", "0 * * * *"},
		{"@Daily", "0 0 * * *"},
		{"@midnight", "0 0 * * *"},
		{"@weekly", "0 0 * * 0"},
		{"@monthly", "0 0 1 * *"},
		{"@yearly", "0 0 1 1 *"},
		{"@annually", "0 0 1 1 *"},
		{"TZ=UTC 0 4 * * *", "0 4 * * *"},
		{"CRON_TZ=Etc/UTC @daily", "0 0 * * *"},
		{"@every 1h30m", "@every 90m"},
	} {
		got := mustParse(t, c.text, nil).Between(day2026, day2026.AddDate(1, 0, 0), 1e6)
		want := mustParse(t, c.same, nil).Between(day2026, day2026.AddDate(1, 0, 0), 1e6)
		if fmt.Sprint(got) != fmt.Sprint(want) || len(got) == 0 {
			t.Errorf("%q has %d fires in a year, %q has %d, or others", c.text, len(got), c.same, len(want))
		}
	}
}

var day2026 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// TestDayOrWeekday: the rule of crontab(5).
func TestDayOrWeekday(t *testing.T) {
	expect(t, "UTC", "0 0 13 * fri", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00+00:00 2026-02-13T00:00:00+00:00 2026-02-20T00:00:00+00:00 2026-02-27T00:00:00+00:00 2026-03-06T00:00:00+00:00 2026-03-13T00:00:00+00:00")
	expect(t, "UTC", "0 0 13 * *", "2026-02-01T00:00:00Z", "2026-02-13T00:00:00+00:00 2026-03-13T00:00:00+00:00")
	expect(t, "UTC", "0 0 * * fri", "2026-02-01T00:00:00Z", "2026-02-06T00:00:00+00:00 2026-02-13T00:00:00+00:00")
	expect(t, "UTC", "0 0 */2 * fri", "2026-02-01T00:00:00Z", "2026-02-13T00:00:00+00:00 2026-02-27T00:00:00+00:00 2026-03-13T00:00:00+00:00") // odd days that are Fridays
	expect(t, "UTC", "0 0 13 * */5", "2026-02-01T00:00:00Z", "2026-02-13T00:00:00+00:00 2026-03-13T00:00:00+00:00 2026-09-13T00:00:00+00:00")  // 13th, Friday or Sunday
}

func TestZones(t *testing.T) {
	berlin := mustZone(t, "Europe/Berlin")
	for _, c := range []struct {
		text string
		zone *time.Location
		want string
	}{
		{"0 4 * * *", nil, "UTC 04:00"},
		{"0 4 * * *", berlin, "Europe/Berlin 03:00"},
		{"CRON_TZ=Asia/Kolkata 0 4 * * *", berlin, "Asia/Kolkata 22:30"},
		{"TZ=America/New_York @daily", berlin, "America/New_York 05:00"},
	} {
		s := mustParse(t, c.text, c.zone)
		if got := fmt.Sprint(s.Zone(), s.Next(day2026).Format(" 15:04")); got != c.want || s.String() != c.text {
			t.Errorf("%s: got %s for %s, want %s", c.text, got, s, c.want)
		}
	}
}
