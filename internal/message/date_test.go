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
		"2026-09-14T10:12:00.000+02:00",
		"Mon, 14 September 2026 08:12:00 UT",
		"Mon, 14-Sep-26 08:12:00 GMT",
		"Monday, 14-Sep-2026 04:12:00 EDT",
		"Mon Sep 14 10:12:00 +0200 2026",
		"Mon Sep 14 10:12:00 CEST 2026",
		"Sep 14, 2026 8:12 AM",
		"14 Sept 2026 10:12:00 GMT+0200 (CEST)",
		"14 Sep 126 08:12:00 Z",
		"Mon, 14 Sep 2026 08:12:00 XYZ",
		"Mon, 14 Sep 2026 10:12:00 0200",
		"Mon, 14 Sep 2026 08:12:00 +9999",
		"Mon , 14 (day) Sep 2026 10 (hour) :  12 : 00 +02:00", // RFC 5322 appendix A.6.3
		"Mon, 14 Sep 2026 08:12:00 (" + strings.Repeat("x", 300),
	} {
		got, err := ParseDate(value)
		if err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", value, got, err, want)
		}
	}
	for _, value := range []string{"", "yesterday", "14 Sep", "99 Sep 2026 10:12:00 +0200", "31 Feb 2026 10:12:00", "09/14/2026", "14 Sep 2026 25:00", "2026", "Mon", "14 Sep 2026 10:12 13 14",
		"Mon, 31 Dec 1899 23:59:59 +0000", "Mon, 1 Jan 1900 00:30:00 +0100", "1 Jan 0001 00:00:00", "0999-01-01T00:00:00Z", "31 Dec 9999 23:30:00 -0100",
		strings.Repeat("1", 1<<20)} {
		if got, err := ParseDate(value); err == nil {
			t.Errorf("%.20q: got %v, want an error", value, got)
		}
	}
}
