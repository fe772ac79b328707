package message_test

import (
	"bytes"
	"crypto/sha256"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/popherd/popherd/internal/message"
)

// corpusFolder holds 236 messages of other people's test suites; its
// SOURCES.md says whose.
const (
	corpusFolder = "../maildrop/testdata/mail"
	corpusSize   = 236
)

// bound is far above the second that an accessor may take: a test that runs
// on a busy machine fails only past it.
const bound = 5 * time.Second

// TestCorpus asks everything of every message that testdata/mail has.
func TestCorpus(t *testing.T) {
	for _, name := range corpus(t) {
		t.Run(name, func(t *testing.T) {
			octets := mail(t, name)
			interrogate(t, octets)
			interrogate(t, bytes.ReplaceAll(octets, []byte("\r\n"), []byte("\n")))
		})
	}
}

// TestCorpusCutShort asks everything of the messages cut off at any place, as
// TOP and a lost connection do.
func TestCorpusCutShort(t *testing.T) {
	for _, name := range corpus(t) {
		octets := mail(t, name)
		for end := 0; end < min(len(octets), 4096); end += 97 {
			interrogate(t, octets[:end:end])
		}
	}
}

// TestCorpusSpliced asks everything of messages made of the beginning of one
// and the end of another.
func TestCorpusSpliced(t *testing.T) {
	names := corpus(t)
	dice := rand.New(rand.NewPCG(1, 2))
	piece := func() []byte {
		octets := mail(t, names[dice.IntN(len(names))])
		octets = octets[:min(len(octets), 8192)]
		from := dice.IntN(len(octets))
		return octets[from : from+dice.IntN(len(octets)-from)]
	}
	for range 2000 {
		interrogate(t, slices.Concat(piece(), piece(), piece()))
	}
}

// TestHeaderAloneAnswersAlike tells that a header alone and the header of a
// whole message answer alike, but for defects: that the blank line is missing
// can only be seen where something follows.
func TestHeaderAloneAnswersAlike(t *testing.T) {
	for _, name := range corpus(t) {
		whole := message.Parse(mail(t, name)).Header()
		alone := message.ParseHeader(whole.Octets())
		for _, a := range headerAccessors() {
			if a.name == "Header.Defects" {
				continue
			}
			got, want := a.ask(alone), a.ask(whole)
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s: %s is %q of the header alone, %q of the message", name, a.name, got, want)
			}
		}
	}
}

// corpus lists the messages of testdata/mail.
func corpus(t testing.TB) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(corpusFolder, func(path string, d fs.DirEntry, err error) error {
		if ext := filepath.Ext(path); err == nil && !d.IsDir() && (ext == ".eml" || ext == ".msg") {
			names = append(names, filepath.ToSlash(path[len(corpusFolder)+1:]))
		}
		return err
	})
	if err != nil || len(names) != corpusSize {
		t.Fatalf("%s has %d messages (%v), want %d", corpusFolder, len(names), err, corpusSize)
	}
	return names
}

// mail reads a message of the corpus.
func mail(t testing.TB, name string) []byte {
	t.Helper()
	octets, err := os.ReadFile(filepath.Join(corpusFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

// An accessor is a question that can be asked of a message or its header; the
// answers are the strings in it.
type accessor[T any] struct {
	name string
	ask  func(T) []string
}

// interrogate asks everything of a message, each question of a fresh one, and
// looks at the answers. It returns the slowest question and its time.
func interrogate(t testing.TB, octets []byte) (slowest string, took time.Duration) {
	t.Helper()
	before := sha256.Sum256(octets)
	for _, a := range accessors() {
		var answers []string
		d := within(t, a.name, func() { answers = a.ask(message.Parse(octets)) })
		if d > took {
			slowest, took = a.name, d
		}
		for _, s := range answers {
			if !utf8.ValidString(s) {
				t.Errorf("%s is not UTF-8: %.200q", a.name, s)
			}
		}
	}
	sane(t, octets)
	if sha256.Sum256(octets) != before {
		t.Error("the octets changed")
	}
	return slowest, took
}

// within runs f, which must end within the bound, and tells how long it took.
// One that does not is left behind, so that a hang is one failure and not the
// end of all tests.
func within(t testing.TB, name string, f func()) time.Duration {
	t.Helper()
	start := time.Now()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	late := time.NewTimer(bound)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
		t.Fatalf("%s took more than %v", name, bound)
	}
	return time.Since(start)
}

// accessors are all questions: those to the header, and those to the message.
func accessors() []accessor[*message.Message] {
	var all []accessor[*message.Message]
	for _, a := range headerAccessors() {
		all = append(all, accessor[*message.Message]{a.name, func(m *message.Message) []string { return a.ask(m.Header()) }})
	}
	return append(all, []accessor[*message.Message]{
		{"Glance", func(m *message.Message) []string {
			from, subject := message.Glance(m.Octets())
			return []string{from, subject}
		}},
		{"Text", func(m *message.Message) []string { return []string{m.Text()} }},
		{"HTML", func(m *message.Message) []string { return []string{m.HTML()} }},
		{"Parts", eachPart(func(p *message.Part) []string {
			return []string{p.Type, p.Charset, p.Encoding, p.Disposition, p.ContentID, p.Name}
		})},
		{"Part.Text", eachPart(func(p *message.Part) []string { return []string{p.Text()} })},
		{"Part.Content", eachPart(func(p *message.Part) []string { p.Content(); return nil })},
		{"Part.Size", eachPart(func(p *message.Part) []string { p.Size(); return nil })},
		{"Attachments", func(m *message.Message) []string { return attachments(m) }},
		{"HasAttachment", func(m *message.Message) []string { m.HasAttachment(); return nil }},
		{"Defects", func(m *message.Message) []string { return m.Defects() }},
	}...)
}

// headerAccessors are the questions to a header.
func headerAccessors() []accessor[*message.Header] {
	const names = "From Sender To Cc Bcc Reply-To Subject Date Received Message-ID List-Id Content-Type Content-Disposition X"
	return []accessor[*message.Header]{
		{"Value", func(h *message.Header) (all []string) {
			for name := range strings.FieldsSeq(names) {
				value, ok := h.Value(name)
				if _, raw := h.Raw(name); raw != ok || h.Has(name) != ok {
					all = append(all, "Has, Raw and Value do not agree about "+name+"\xff")
				}
				all = append(all, value)
			}
			return all
		}},
		{"Values", func(h *message.Header) (all []string) {
			for name := range strings.FieldsSeq(names) {
				all = append(all, h.Values(name)...)
			}
			return all
		}},
		{"Subject", func(h *message.Header) []string { return []string{h.Subject()} }},
		{"Addresses", func(h *message.Header) (all []string) {
			for name := range strings.FieldsSeq(names) {
				for _, a := range h.Addresses(name) {
					all = append(all, a.Name, a.Address, a.Domain(), a.String())
				}
			}
			return all
		}},
		{"From", func(h *message.Header) []string { return []string{h.From().String()} }},
		{"Date", func(h *message.Header) []string { return moment(h.Date()) }},
		{"Received", func(h *message.Header) []string { return moment(h.Received()) }},
		{"MessageID", func(h *message.Header) []string { return []string{h.MessageID()} }},
		{"ListID", func(h *message.Header) []string { return []string{h.ListID()} }},
		{"FromList", func(h *message.Header) []string { h.FromList(); return nil }},
		{"AuthResults", func(h *message.Header) (all []string) {
			for _, r := range h.AuthResults() {
				all = append(all, r.Server, r.Method, r.Result, r.Reason)
				for name, value := range r.Properties {
					all = append(all, name, value)
				}
			}
			return all
		}},
		{"Header.Defects", func(h *message.Header) []string { return h.Defects() }},
	}
}

// eachPart asks the same of every part.
func eachPart(ask func(*message.Part) []string) func(*message.Message) []string {
	return func(m *message.Message) (all []string) {
		for _, p := range m.Parts() {
			all = append(all, ask(p)...)
		}
		return all
	}
}

// sane looks at what must hold of any message.
func sane(t testing.TB, octets []byte) {
	t.Helper()
	m := message.Parse(octets)
	if !bytes.Equal(m.Octets(), octets) || !bytes.HasPrefix(octets, m.Header().Octets()) {
		t.Error("the octets are others than those parsed")
	}
	if len(m.Attachments()) > 0 != m.HasAttachment() {
		t.Errorf("there are %d attachments, but HasAttachment is %v", len(m.Attachments()), m.HasAttachment())
	}
	if s := m.Header().Subject(); strings.ContainsAny(s, "\r\n") {
		t.Errorf("subject has a line end: %.200q", s)
	}
	if n := len(m.Defects()); n > message.MaxDefects {
		t.Errorf("there are %d defects, want %d at most", n, message.MaxDefects)
	}
	for _, p := range m.Parts() {
		saneName(t, p.Name)
		if size := int64(len(p.Content())); size != p.Size() {
			t.Errorf("a part has %d octets of content, but the size %d", size, p.Size())
		}
	}
}

// saneName looks at a name that a file may be given.
func saneName(t testing.TB, name string) {
	t.Helper()
	if len(name) > 150 || name == "." || name == ".." ||
		strings.ContainsAny(name, `/\`) || strings.ContainsFunc(name, unicode.IsControl) {
		t.Errorf("a part has the name %q", name)
	}
}
