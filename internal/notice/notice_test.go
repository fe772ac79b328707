package notice

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
)

var update = flag.Bool("update", false, "write the golden files")

// sample is what most stories tell of.
func sample() Notice {
	zone := time.FixedZone("CEST", 2*3600)
	return Notice{
		Kind: Failure, Job: "nightly", Account: "work", Run: 17,
		Fire: time.Date(2026, 7, 1, 3, 0, 0, 0, zone), Ended: time.Date(2026, 7, 1, 3, 1, 42, 5, zone),
		Outcome: "refused", Message: "account work: auth: [AUTH] no such password", Planned: 4, Kept: 12,
		URL: "http://127.0.0.1:8110/runs/17",
	}
}

// hostile are names and words as a server, a message or an enemy chooses them.
func hostile() map[string]string {
	return map[string]string{
		"header":   "x\r\nBcc: eve@example.org\r\n\r\nbody",
		"bare":     "x\rBcc: eve@example.org\nTo: eve@example.org",
		"NUL":      "a\x00b",
		"terminal": "\x1b[2J\x1b]0;title\x07\u009b31m",
		"bidi":     "work\u202eexe.\u2066\u200b\ufeff",
		"lines":    "a\u2028b\u2029c\u0085d\vd\fe",
		"octets":   "\xff\xfe\x80work\xc3",
		"word":     "=?utf-8?q?=0D=0ABcc:_eve@example.org?=",
		"letters":  "Grüße, 世界 🐑",
		"quotes":   `"';$(id)` + "`id`&<script>\\",
		"empty":    "",
		"dot":      "\r\n.\r\nRSET\r\n",
		"postmark": "\nFrom eve@example.org Thu Jan  1 00:00:00 1970\n",
		"long":     strings.Repeat("lang ", 200_000) + "\r\nBcc: eve@example.org",
		"longer":   strings.Repeat("ü", 500_000),
	}
}

// named puts a word wherever a notice has words.
func named(word string) Notice {
	n := sample()
	n.Kind, n.Job, n.Account, n.Outcome, n.Message, n.URL = word, word, word, word, word, word
	return n
}

// golden compares with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was; got\n%s\nwant\n%s", name, got, want)
	}
}

func TestJSON(t *testing.T) {
	const want = `{"kind":"failure","job":"nightly","account":"work","run":17,"fire":"2026-07-01T01:00:00Z","ended":"2026-07-01T01:01:42.000000005Z",` +
		`"dry_run":false,"outcome":"refused","message":"account work: auth: [AUTH] no such password",` +
		`"planned":4,"deleted":0,"delivered":0,"kept":12,"over":0,"more":0,"url":"http://127.0.0.1:8110/runs/17"}` + "\n"
	if got := string(sample().JSON()); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	const bare = `{"kind":"","job":"","account":"","run":0,"dry_run":false,"outcome":"","message":"","planned":0,"deleted":0,"delivered":0,"kept":0,"over":0,"more":0,"url":""}` + "\n"
	for name, n := range map[string]Notice{"nothing": {}, "moments that RFC 3339 has not": {Fire: time.Unix(1<<40, 0), Ended: time.Unix(-1<<40, 0)}} {
		if got := string(n.JSON()); got != bare {
			t.Errorf("%s: got  %swant %s", name, got, bare)
		}
	}
}

// TestHostileWordsInJSON: a command that prints a field does no harm.
func TestHostileWordsInJSON(t *testing.T) {
	for name, word := range hostile() {
		text := named(word).JSON()
		var got Notice
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v in %.200q", name, err, text)
		}
		for _, value := range []string{got.Kind, got.Job, got.Account, got.Outcome, got.Message, got.URL} {
			if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }) {
				t.Errorf("%s: got %.200q", name, value)
			}
		}
		if len(text) > 40_000 || strings.Count(string(text), "\n") != 1 {
			t.Errorf("%s: %d octets, %d lines", name, len(text), strings.Count(string(text), "\n"))
		}
	}
	if got := named("Grüße, 世界 🐑").safe().Job; got != "Grüße, 世界 🐑" {
		t.Errorf("a good name became %q", got)
	}
}

// TestTheSameNoticeHasTheSameID: and another one another, whatever is in its
// names.
func TestTheSameNoticeHasTheSameID(t *testing.T) {
	base := sample()
	told := base
	told.More = 37
	if base.id() != told.id() {
		t.Error("what was held back before a notice makes another of it")
	}
	again := base
	again.Ended = again.Ended.Add(time.Hour)
	shifted := base
	shifted.Job, shifted.Account = `nightly" "work`, ""
	seen := map[string]bool{base.id(): true}
	for name, n := range map[string]Notice{"ended later": again, "shifted": shifted, "paused": {Kind: Paused}} {
		if seen[n.id()] {
			t.Errorf("%s: the same id", name)
		}
		seen[n.id()] = true
	}
}
