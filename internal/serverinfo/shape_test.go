package serverinfo

import (
	"fmt"
	"testing"

	"github.com/popherd/popherd/pop3"
)

func TestShape(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "0 lines, bare false",
		"A: b\r\n":                       "0 lines, bare false",
		"A: b\r\n\r\n":                   "0 lines, bare false",
		"A: b\r\n\r\none\r\ntwo\r\n":     "2 lines, bare false",
		"A: b\r\n\r\n\r\n\r\n":           "2 lines, bare false",
		"\r\none\r\n":                    "1 lines, bare false",
		"A: b\r\n\r\none\ntwo\r\n":       "2 lines, bare true",
		"A: b\r\n\r\r\n\r\none\r\n":      "1 lines, bare false",
		"A: b\nC: d\r\n\r\none\r\n":      "1 lines, bare false",
		"A: b\r\n\r\none\r\nno line end": "1 lines, bare false",
	} {
		for size := 1; size <= 3; size++ { // however it is cut
			s := &shape{start: true}
			for rest := []byte(text); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				_, _ = s.Write(rest[:min(size, len(rest))])
			}
			if got := fmt.Sprintf("%d lines, bare %v", s.lines, s.bare); got != want || s.octets != int64(len(text)) {
				t.Errorf("%q by %d: got %s, %d octets, want %s", text, size, got, s.octets, want)
			}
		}
	}
}

func TestSpread(t *testing.T) {
	all := make([]pop3.ScanListing, 100)
	for i := range all {
		all[i].Number = i + 1
	}
	for n, want := range map[int]string{-1: "[]", 0: "[]", 1: "[1]", 2: "[1 100]", 3: "[1 50 100]", 5: "[1 25 50 75 100]"} {
		got := []int{}
		for _, scan := range spread(all, n) {
			got = append(got, scan.Number)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%d of 100: got %v, want %s", n, got, want)
		}
	}
	if got := spread(all[:3], 20); len(got) != 3 {
		t.Errorf("20 of 3: got %v, want all", got)
	}
	if got := spread(nil, -1); len(got) != 0 {
		t.Errorf("-1 of none: got %v", got)
	}
}
