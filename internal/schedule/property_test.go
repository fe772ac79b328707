package schedule_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/popherd/popherd/internal/schedule"
	"pgregory.net/rapid"
)

var (
	someZone = rapid.SampledFrom([]string{
		"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "America/Havana", "America/Santiago", "Pacific/Apia",
		"Europe/Dublin", "Africa/Casablanca", "Pacific/Kwajalein", "Africa/Monrovia", "Antarctica/Troll", "Asia/Tehran",
	})
	// From 1900 with its local mean times to 2100 with rules that go on.
	someTime = rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.Int64Range(-2208988800, 4102444800).Draw(t, "unix")
		return time.Unix(seconds, rapid.SampledFrom([]int64{0, 0, 1, 999999999}).Draw(t, "nano"))
	})
	someText = rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
			return fmt.Sprintf("@every %ds", rapid.IntRange(60, 1e6).Draw(t, "seconds"))
		}
		var words []string
		for _, f := range [][2]int{{0, 59}, {0, 23}, {1, 28}, {1, 12}, {0, 7}} {
			words = append(words, someField(t, f[0], f[1]))
		}
		return strings.Join(words, " ")
	})
)

func someField(t *rapid.T, low, high int) string {
	value := rapid.IntRange(low, high)
	switch rapid.IntRange(0, 5).Draw(t, "field") {
	case 0:
		return fmt.Sprint(value.Draw(t, "value"))
	case 1:
		return fmt.Sprintf("%d-%d,%d", value.Draw(t, "from"), value.Draw(t, "to"), value.Draw(t, "and"))
	case 2:
		return fmt.Sprintf("*/%d", rapid.IntRange(1, high/2).Draw(t, "step"))
	}
	return "*"
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		zone, err := time.LoadLocation(someZone.Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		s, err := schedule.Parse(someText.Draw(t, "text"), zone)
		if err != nil {
			t.Fatal(err)
		}
		a := someTime.Draw(t, "after")
		b := a.Add(time.Duration(rapid.Int64Range(0, int64(100*24*time.Hour)).Draw(t, "later")))
		next := s.Next(a)
		if again := s.Next(a.In(zone)); again != next {
			t.Fatalf("Next(%s) is %s, and then %s", a, next, again)
		}
		if later := s.Next(b); !later.IsZero() && (next.IsZero() || later.Before(next)) {
			t.Fatalf("Next(%s) is %s, and Next(%s) is %s", a, next, b, later)
		}
		if next.IsZero() {
			return
		}
		if !next.After(a) || next.Nanosecond() != 0 || next.Location() != time.UTC {
			t.Fatalf("Next(%s) is %s", a, next)
		}
		if half := a.Add(next.Sub(a) / 2); s.Next(half) != next || s.Next(next.Add(-1)) != next {
			t.Fatalf("Next is %s after %s and %s after %s", next, a, s.Next(half), half)
		}
		var chain []time.Time
		for fire := next; !fire.IsZero() && !fire.After(b) && len(chain) < 2000; fire = s.Next(fire) {
			chain = append(chain, fire)
		}
		if len(chain) == 2000 {
			b = chain[len(chain)-1]
		}
		most := rapid.IntRange(0, 30).Draw(t, "most")
		if got, want := s.Between(a, b, most), chain[max(0, len(chain)-most):]; !slices.Equal(got, want) {
			t.Fatalf("Between(%s, %s, %d) is %s, want %s", a, b, most, got, want)
		}
		spread := time.Duration(rapid.Int64Min(1).Draw(t, "spread"))
		if d := schedule.Jitter(s.String(), next, spread); d < 0 || d >= spread {
			t.Fatalf("Jitter within %s is %s", spread, d)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range slices.Concat(kinds, broken, []string{"CRON_TZ=Pacific/Apia 0 4 30 12 *", "TZ=UTC @hourly", "@every 90m"}) {
		f.Add(text, int64(1767225600))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		s, err := schedule.Parse(text, nil)
		if err != nil {
			var fault *schedule.Error
			if !errors.As(err, &fault) || fault.Hint() == "" || fault.Reason == "" || len(err.Error()) > 2000 || !utf8.ValidString(err.Error()+fault.Hint()) {
				t.Fatalf("Parse(%q): %v", text, err)
			}
			if strings.ContainsFunc(err.Error()+fault.Hint(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Fatalf("Parse(%q): a control character in %q, %q", text, err, fault.Hint())
			}
			return
		}
		if again, err := schedule.Parse(s.String(), nil); err != nil || s.String() != text || again.Zone().String() != s.Zone().String() {
			t.Fatalf("Parse(%q) gives %q, %v", text, s, err)
		}
		at := time.Unix(unix, 0)
		next := s.Next(at)
		if !next.IsZero() && (!next.After(at) || s.Next(next.Add(-1)) != next) {
			t.Fatalf("%s after %s is %s", s, at, next)
		}
	})
}
