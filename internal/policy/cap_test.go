package policy_test

import (
	"math"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/popherd/popherd/internal/policy"
)

func TestCapAllows(t *testing.T) {
	tests := []struct {
		cap                       string
		messages, allows, refuses int // refuses -1: nothing
	}{
		{"all", 10, math.MaxInt, -1},
		{"0", 10, 0, 1},
		{"0%", 10, 0, 1},
		{"1", 10, 1, 2},
		{"10", 3, 10, 11},
		{"50%", 10, 5, 6},
		{"50%", 1, 0, 1},
		{"50%", 0, 0, 1},
		{"1%", 199, 1, 2},
		{"33%", 1000, 330, 331},
		{"100%", 7, 7, 8},
		{"100%", math.MaxInt, math.MaxInt, -1},
	}
	for _, test := range tests {
		c, err := policy.ParseCap(test.cap)
		if err != nil {
			t.Errorf("%s: %v", test.cap, err)
			continue
		}
		if err := c.Allows(test.allows, test.messages); err != nil {
			t.Errorf("%s of %d: %v", test.cap, test.messages, err)
		}
		if test.refuses >= 0 && c.Allows(test.refuses, test.messages) == nil {
			t.Errorf("%s of %d: %d allowed, want refused", test.cap, test.messages, test.refuses)
		}
	}
}

func TestCapRefusesWhatIsNoCap(t *testing.T) {
	for s, want := range map[string]string{
		"":                     "not a number",
		"%":                    "not a number",
		"-1":                   "not a number",
		"+1":                   "not a number",
		" 1":                   "not a number",
		"1.5%":                 "not a number",
		"1e3":                  "not a number",
		"ten":                  "not a number",
		"10%%":                 "not a number",
		"١":                    "not a number",
		"99999999999999999999": "number too large",
		"101%":                 "more than the whole maildrop",
	} {
		c, err := policy.ParseCap(s)
		if err == nil || !strings.Contains(err.Error(), want) || !c.IsZero() {
			t.Errorf("%q: got %v, %v, want %s", s, c, err, want)
		}
	}
}

func TestCapStringRoundTrips(t *testing.T) {
	for s, want := range map[string]string{"all": "all", "0": "0", "0%": "0", "007": "7", "12": "12", "5%": "5%"} {
		c, err := policy.ParseCap(s)
		if err != nil || c.String() != want {
			t.Errorf("%q: got %q, %v, want %q", s, c, err, want)
		}
		if again, err := policy.ParseCap(c.String()); err != nil || again != c {
			t.Errorf("%q: read again got %v, %v", s, again, err)
		}
	}
}

// A share allows d of m messages exactly while d/m is at most the share.
func TestShareIsNeverExceeded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.IntRange(1, 100).Draw(t, "share")
		m := rapid.IntRange(0, 1_000_000).Draw(t, "messages")
		d := rapid.IntRange(1, m+1).Draw(t, "deletions")
		c, err := policy.ParseCap(strconv.Itoa(share) + "%")
		if err != nil {
			t.Fatal(err)
		}
		if got, want := c.Allows(d, m) == nil, d*100 <= share*m; got != want {
			t.Fatalf("%v of %d: %d allowed %v, want %v", c, m, d, got, want)
		}
	})
}

func TestNotAll(t *testing.T) {
	c, err := policy.ParseCap(policy.NotAll)
	if err != nil || c.String() != policy.NotAll {
		t.Fatalf("got %v, %v", c, err)
	}
	for _, tt := range []struct{ deletions, messages int }{{0, 0}, {9, 9}, {9, 10}, {99_999, 100_000}, {5, 1 << 62}} {
		if err := c.Allows(tt.deletions, tt.messages); err != nil {
			t.Errorf("%d of %d: %v", tt.deletions, tt.messages, err)
		}
	}
	want := "delete: 10 deletions are all that the maildrop holds, which is seldom meant"
	if err := c.Allows(10, 10); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
