package pop3

import (
	"regexp"
	"strings"
	"testing"
)

// TestDigest is RFC 1939 §7's example.
func TestDigest(t *testing.T) {
	stamp, ok := timestamp("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>")
	if !ok || stamp != "<1896.697170952@dbc.mtview.ca.us>" {
		t.Fatalf("got %q, %v", stamp, ok)
	}
	if got, want := digest(stamp, "tanstaaf"), "c4c9334bac560ecc979e58001b3e22fb"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestTimestampOfAMillionBrackets takes no time to speak of; poplib's pattern
// once took minutes.
func TestTimestampOfAMillionBrackets(t *testing.T) {
	for _, octet := range []string{"<", ">", "<a", "<>", "<a>"} {
		if stamp, ok := timestamp("+OK " + strings.Repeat(octet, 1_000_000)); ok {
			t.Errorf("%q a million times: got %.20q...", octet, stamp)
		}
	}
}

// timestampPattern is timestamp, written another way.
var timestampPattern = regexp.MustCompile(`(?s)^([^<>]*)(<[!-;=?-~]+>)[^<>]*$`)

func FuzzTimestamp(f *testing.F) {
	for _, greeting := range []string{
		"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>",
		"+OK dummy pop3 server ready. <timestamp>",
		"+OK<a@b>", "+ok x <a@b>", "+OK", "+OK <>", "+OK <a> <b>", "+OK >a<", "+OK <<a>>", "+OK <<a>", "+OK <a>>", "+OK <a b>", "+OK <\x80\xff@a>", "+OK <a",
	} {
		f.Add(greeting)
	}
	f.Fuzz(func(t *testing.T, greeting string) {
		got, ok := timestamp(greeting)
		want := ""
		if parts := timestampPattern.FindStringSubmatch(greeting); parts != nil && len(parts[1]) >= len("+OK ") {
			want = parts[2]
		}
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", greeting, got, ok, want)
		}
	})
}
