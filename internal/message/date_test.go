package message

import (
	"strings"
	"testing"
	"time"
)

func TestParseDate(t *testing.T) {
	want := time.Date(2026, 9, 14, 8, 12, 0, 0, time.UTC)
	for _, value := range []string{
		"Mon, 14 Sep 2026 10:12:00 +0200",
		"Mon, 14 Sep 2026 10:12:00 +0200 (CEST)",
		"14 Sep 2026 08:12 +0000",
		"14 Sep 26 08:12:00 GMT",
		"  Mon, 14 Sep 2026 08:12:00 -0000 ",
		"Mon, 14 Sep 2026 08:12:00",
		"Monday, 14 Sep 2026 08:12:00 +0000",
		"Mon Sep 14 08:12:00 2026",
		"Mon Sep 14 08:12:00 UTC 2026",
		"2026-09-14T08:12:00Z",
		"2026-09-14 10:12:00 +0200",
	} {
		got, err := ParseDate(value)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", value, got, err, want)
		}
	}
	for _, value := range []string{"", "yesterday", "14 Sep", "99 Sep 2026 10:12:00 +0200", strings.Repeat("1", 1<<20)} {
		if got, err := ParseDate(value); err == nil {
			t.Errorf("%.20q: got %v, want an error", value, got)
		}
	}
}
