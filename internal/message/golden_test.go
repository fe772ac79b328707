package message_test

import (
	"bufio"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/popherd/popherd/internal/message"
)

// A golden is what a person read in one message of the corpus: for each word
// of testdata/golden.txt, the values beside it.
type golden struct {
	name string
	want map[string][]string
}

// TestGolden compares what a person reads in a message with what the package
// reads in it.
func TestGolden(t *testing.T) {
	all := goldens(t)
	if len(all) < 60 {
		t.Fatalf("golden.txt has %d messages, want 60 at least", len(all))
	}
	for _, g := range all {
		t.Run(g.name, func(t *testing.T) {
			m := message.Parse(mail(t, g.name))
			for word, want := range g.want {
				if got := read(m, word); !agrees(word, got, want) {
					t.Errorf("%s is\n\t%q, want\n\t%q", word, got, want)
				}
			}
		})
	}
}

// goldens reads testdata/golden.txt.
func goldens(t *testing.T) []golden {
	t.Helper()
	file, err := os.Open("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []golden
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if name, ok := strings.CutPrefix(line, "== "); ok {
			all = append(all, golden{name: name, want: map[string][]string{}})
			continue
		}
		word, value, ok := strings.Cut(line, ": ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		g := all[len(all)-1]
		g.want[word] = append(g.want[word], value)
	}
	return all
}

// read answers one word of a stanza; nothing is "-".
func read(m *message.Message, word string) []string {
	h := m.Header()
	switch word {
	case "subject":
		return orNone(words(h.Subject()))
	case "from":
		return orNone(h.From().String())
	case "to", "cc":
		return orNone(addresses(h.Addresses(word))...)
	case "date":
		return moment(h.Date())
	case "received":
		return moment(h.Received())
	case "id":
		return orNone(h.MessageID())
	case "list":
		return orNone(h.ListID())
	case "text":
		return orNone(words(m.Text()))
	case "attachment":
		return orNone(attachments(m)...)
	case "defect":
		return m.Defects()
	}
	return []string{fmt.Sprintf("golden.txt has the word %q, which means nothing", word)}
}

// agrees compares as the head of golden.txt says.
func agrees(word string, got, want []string) bool {
	switch {
	case word == "defect":
		return !slices.ContainsFunc(want, func(part string) bool {
			return !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, part) })
		})
	case len(got) != len(want):
		return false
	case word == "text" && want[0] != "-":
		return strings.HasPrefix(got[0], want[0])
	case word == "attachment":
		return slices.EqualFunc(got, want, matches)
	}
	return slices.Equal(got, want)
}

// matches compares an attachment with one of golden.txt, where * stands for
// anything.
func matches(got, want string) bool {
	slashes := strings.NewReplacer("/", ":")
	ok, err := path.Match(slashes.Replace(want), slashes.Replace(got))
	return ok && err == nil
}

// addresses renders addresses.
func addresses(all []message.Address) []string {
	var lines []string
	for _, a := range all {
		lines = append(lines, a.String())
	}
	return lines
}

// attachments renders type and name of each.
func attachments(m *message.Message) []string {
	var lines []string
	for _, p := range m.Attachments() {
		lines = append(lines, strings.TrimSpace(p.Type+" "+p.Name))
	}
	return lines
}

// moment renders a date.
func moment(t time.Time, ok bool) []string {
	if !ok {
		return []string{"-"}
	}
	return []string{t.UTC().Format(time.RFC3339)}
}

// words makes every run of blanks one.
func words(s string) string { return strings.Join(strings.Fields(s), " ") }

// orNone is "-" where there is nothing.
func orNone(values ...string) []string {
	if len(values) == 0 || len(values) == 1 && values[0] == "" {
		return []string{"-"}
	}
	return values
}
