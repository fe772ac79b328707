package doctor

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Report is what popherd doctor says, in JSON and as a table.
type Report struct {
	Sections []Section     `json:"sections"`
	Counts   map[Level]int `json:"counts"`
}

// NewReport counts the findings of all sections.
func NewReport(sections []Section) *Report {
	r := &Report{Sections: sections, Counts: map[Level]int{OK: 0, Info: 0, Warning: 0, Error: 0}}
	for _, s := range sections {
		for level := range r.Counts {
			r.Counts[level] += s.Count(level)
		}
	}
	return r
}

// Errors is how many findings about one kind of thing are errors.
func (r *Report) Errors(kind Kind) int {
	n := 0
	for _, s := range r.Sections {
		if s.Kind == kind {
			n += s.Count(Error)
		}
	}
	return n
}

// Look says how a table is written.
type Look struct {
	Clean func(string) string // makes foreign text fit for a terminal; nil leaves it
	Color bool
}

// WriteTable writes the report for people: a block for each section, a row for
// each finding, and below it what to do.
func (r *Report) WriteTable(w io.Writer, look Look) error {
	var b strings.Builder
	width := r.width()
	for _, s := range r.Sections {
		if len(s.Findings) == 0 {
			continue
		}
		fmt.Fprintln(&b, look.clean(s.title()))
		for _, f := range s.Findings {
			line := fmt.Sprintf("  %s  %-*s  %s", look.level(f.Level), width, f.Check, look.clean(f.Text))
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			if f.Advice != "" {
				fmt.Fprintf(&b, "  %*s  %*s  -> %s\n", levelWidth, "", width, "", look.clean(f.Advice))
			}
		}
	}
	fmt.Fprintf(&b, "%d ok, %d info, %s, %s\n", r.Counts[OK], r.Counts[Info],
		plural(r.Counts[Warning], "warning"), plural(r.Counts[Error], "error"))
	_, err := io.WriteString(w, b.String())
	return err
}

// width is that of the column of checks.
func (r *Report) width() int {
	width := 0
	for _, s := range r.Sections {
		for _, f := range s.Findings {
			width = max(width, len(f.Check))
		}
	}
	return width
}

// title is the heading of a section.
func (s Section) title() string {
	if s.Name == "" {
		return string(s.Kind)
	}
	return string(s.Kind) + " " + s.Name
}

const levelWidth = len(Warning)

// level is a level in its column, coloured.
func (l Look) level(level Level) string {
	text := fmt.Sprintf("%-*s", levelWidth, level)
	color := map[Level]string{OK: "32", Warning: "33", Error: "31"}[level]
	if !l.Color || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

func (l Look) clean(text string) string {
	if l.Clean == nil {
		return text
	}
	return l.Clean(text)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// hintOf is what an error says to do about it, if anything.
func hintOf(err error) string {
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		return hinted.Hint()
	}
	return ""
}
