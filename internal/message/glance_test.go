package message

import (
	"strings"
	"testing"
)

func TestGlance(t *testing.T) {
	tests := []struct{ name, header, from, subject string }{
		{"plain", "From: a@b\r\nSubject: Hello\r\n\r\nbody", "a@b", "Hello"},
		{"any case, bare LF", "FROM: a@b\nsubject: x\n\n", "a@b", "x"},
		{"folded", "Subject: one\r\n two\r\nFrom: a@b\r\n\r\n", "a@b", "one two"},
		{"encoded words", "Subject: =?utf-8?q?caf=C3=A9?= =?iso-8859-1?q?_=E9?=\r\n\r\n", "", "café é"},
		{"unknown charset", "Subject: =?x-none?q?abc?=\r\n\r\n", "", "abc"},
		{"first of two", "Subject: one\r\nSubject: two\r\n more\r\n\r\n", "", "one"},
		{"only the header", "X: y\r\n\r\nSubject: body\r\n", "", ""},
		{"no header", "", "", ""},
		{"8-bit", "Subject: caf\xe9\r\n\r\n", "", "café"},
	}
	for _, tt := range tests {
		from, subject := Glance([]byte(tt.header))
		if from != tt.from || subject != tt.subject {
			t.Errorf("%s: got %q, %q, want %q, %q", tt.name, from, subject, tt.from, tt.subject)
		}
	}
}

func TestGlanceIsBounded(t *testing.T) {
	_, subject := Glance([]byte("Subject: " + strings.Repeat("x", 1<<20)))
	if len(subject) != 203 {
		t.Errorf("got %d octets, want 203", len(subject))
	}
}
