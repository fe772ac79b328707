package message

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever a message begins with, a glance is short, whole text.
func FuzzGlance(f *testing.F) {
	for _, octets := range []string{
		"From: a@b\r\nSubject: =?utf-8?b?w6k=?=\r\n =?utf-8?q?=C3=A9?=\r\n\r\nbody",
		"From x\nsubject:\xff\n\tfolded\n", ":\r\n", "\x00From: \x1b[31m\n", "Subject: =?utf-8?q?" + strings.Repeat("=C3", 300) + "?=\n",
	} {
		f.Add([]byte(octets))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		for _, got := range func() [2]string { from, subject := Glance(octets); return [2]string{from, subject} }() {
			// 200 octets, "...", and U+FFFD where a run of octets is no text
			if !utf8.ValidString(got) || len(got) > 3*200+3 || strings.Contains(got, "\n") && !strings.Contains(string(octets), "=?") {
				t.Errorf("got %q", got)
			}
		}
	})
}
