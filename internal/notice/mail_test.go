package notice

import (
	"bytes"
	"io"
	"maps"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
)

var told = time.Date(2026, 7, 1, 3, 1, 43, 0, time.FixedZone("CEST", 2*3600))

func TestMail(t *testing.T) {
	over := sample()
	over.Kind, over.Over, over.Planned, over.DryRun, over.Outcome, over.Message, over.More = Over, 100, 2_000, true, "dry run", "", 37
	deleted := over
	deleted.DryRun, deleted.Deleted, deleted.Delivered, deleted.Outcome, deleted.More = false, 2_000, 1, "done", 0
	paused := sample()
	paused.Kind, paused.Fire, paused.URL = Paused, time.Time{}, ""
	letters := sample()
	letters.Job, letters.Account, letters.Message = "Aufräumen", "büro", "Grüße, 世界 🐑"
	for name, n := range map[string]Notice{"failure": sample(), "over": over, "deleted": deleted, "paused": paused, "letters": letters} {
		octets := n.Mail("jobs@example.org", "attic.example.org", told, "ann@example.org", "bob@example.org")
		golden(t, name+".eml", octets)
	}
}

// A letter is a mail as its reader sees it.
type letter struct {
	header        mail.Header
	subject, text string
}

// open reads a mail strictly.
func open(t testing.TB, octets []byte) letter {
	t.Helper()
	bare := bytes.ReplaceAll(octets, []byte("\r\n"), nil)
	if bytes.ContainsFunc(bare, func(c rune) bool { return c < ' ' || c > '~' }) {
		t.Fatalf("not ASCII, or a bare CR or LF: %.500q", octets)
	}
	for line := range bytes.SplitSeq(octets, []byte("\r\n")) {
		if len(line) > 500 || len(line) > 78 && !bytes.HasPrefix(line, []byte("From: ")) && !bytes.Contains(line, []byte("@")) {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(octets))
	if err != nil {
		t.Fatalf("%v in %.500q", err, octets)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		t.Fatal(err)
	}
	return letter{m.Header, subject, string(text)}
}

// fields are those of a mail with recipients.
var fields = []string{
	"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To",
}

// check is what holds of every mail.
func check(t testing.TB, octets []byte) letter {
	t.Helper()
	l := open(t, octets)
	want := slices.DeleteFunc(slices.Clone(fields), func(f string) bool { return f == "To" && l.header["To"] == nil })
	if got := slices.Sorted(maps.Keys(l.header)); !slices.Equal(got, want) {
		t.Errorf("got fields %q, want %q", got, want)
	}
	for name, values := range l.header {
		if len(values) != 1 {
			t.Errorf("%s is there %d times", name, len(values))
		}
	}
	if _, err := l.header.Date(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"From", "To"} {
		if _, err := l.header.AddressList(name); l.header[name] != nil && err != nil {
			t.Errorf("%s: %v in %q", name, err, l.header[name])
		}
	}
	if _, err := mail.ParseAddress(l.header.Get("Message-Id")); err != nil { // it has the form of an address
		t.Errorf("Message-ID: %v in %q", err, l.header.Get("Message-Id"))
	}
	if strings.ContainsFunc(l.subject, func(c rune) bool { return !unicode.IsPrint(c) }) {
		t.Errorf("the subject is %q", l.subject)
	}
	if strings.ContainsFunc(l.text, func(c rune) bool { return !unicode.IsPrint(c) && c != '\n' && c != '\r' }) {
		t.Errorf("the text is %q", l.text)
	}
	if len(octets) > 200_000 {
		t.Errorf("%d octets", len(octets))
	}
	return l
}

// TestHostileWordsInMail: they add no field, no recipient and no line.
func TestHostileWordsInMail(t *testing.T) {
	lines := strings.Count(check(t, named("x").Mail("a@example.org", "attic", told, "b@example.org")).text, "\n")
	for name, word := range hostile() {
		t.Run(name, func(t *testing.T) {
			n := named(word)
			l := check(t, n.Mail(word, word, told, word, "bob@example.org", word))
			if got, _ := l.header.AddressList("To"); len(got) != 1 || got[0].Address != "bob@example.org" {
				t.Errorf("the mail is to %v", got)
			}
			if got := strings.Count(l.text, "\n"); got != lines && word != "" {
				t.Errorf("%d lines, want %d: %.500q", got, lines, l.text)
			}
			for _, kind := range []string{Failure, Over, Paused} {
				n.Kind = kind
				if l := check(t, n.Mail(word, word, told)); l.header["To"] != nil {
					t.Errorf("the mail is to %q", l.header["To"])
				}
			}
		})
	}
}

// TestASubjectSaysWhatItSaid: through encoding, folding and decoding.
func TestASubjectSaysWhatItSaid(t *testing.T) {
	for _, word := range []string{"nightly", "Aufräumen", strings.Repeat("世界", 25), "=?utf-8?b?eA==?=", strings.Repeat("a b ", 14)} {
		n := sample()
		n.Job, n.Account, n.More = word, word, 37
		got := check(t, n.Mail("", "", told)).subject
		if want := "popherd: job " + word + " failed, account " + word + " (and 37 more)"; got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	short := Notice{Kind: Failure, Job: "=?utf-8?b?eA==?="} // which would be read as x
	if got, want := check(t, short.Mail("", "", told)).subject, "popherd: job =?utf-8?b?eA==?= failed"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWhoAMailIsFrom(t *testing.T) {
	for _, test := range []struct{ from, node, want, id string }{
		{"jobs@example.org", "attic", "jobs@example.org", "@attic>"},
		{"", "attic.example.org", "popherd@attic.example.org", "@attic.example.org>"},
		{"jobs", "", "popherd@localhost", "@localhost>"},
		{"büro@example.org", "..büro..x.", "popherd@b-ro.x", "@b-ro.x>"},
		{"a@b>\r\nBcc: <eve@example.org", "a>\r\nBcc: <x", "popherd@a---Bcc---x", "@a---Bcc---x>"},
		{"Ann <ann@example.org>", "...", "popherd@localhost", "@localhost>"},
		{"a@b (c)", "a", "popherd@a", "@a>"},
		{"a@b(c)", "a", "popherd@a", "@a>"},
	} {
		l := check(t, sample().Mail(test.from, test.node, told))
		from, err := mail.ParseAddress(l.header.Get("From"))
		if err != nil || from.Address != test.want || !strings.HasSuffix(l.header.Get("Message-Id"), test.id) {
			t.Errorf("%q at %q: got %v, %v and %s; want %s and %s", test.from, test.node, from, err, l.header.Get("Message-Id"), test.want, test.id)
		}
	}
}

func FuzzMail(f *testing.F) {
	for _, word := range hostile() {
		f.Add(word[:min(len(word), 2_000)], "jobs@example.org", "attic")
	}
	f.Fuzz(func(t *testing.T, word, from, node string) {
		check(t, named(word).Mail(from, node, told, from, word))
	})
}
