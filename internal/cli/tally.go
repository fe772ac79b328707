package cli

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/popherd/popherd/internal/tally"
)

// tallyFlags are what the command line of report says.
type tallyFlags struct {
	mailFlags
	By     string
	Limit  int
	Output string
}

func (sh *shell) tallyCommand() *cobra.Command {
	var f tallyFlags
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Count messages by sender, domain, age, size or list",
		Long: `Count the messages of a maildrop by what they have in common:

  sender  the address of From, or else of Sender
  domain  of that address
  age     since the message was sent, by Date or else Received
  size    as the server has it; the fastest, since it needs no header
  list    the identifier of List-Id

It reads listings and headers alone, and changes nothing. The rows with the most
messages come first; those of age and size are in their order, and all of them.
A message whose header the server refuses is counted as unreadable.

csv has a row for each row, and one for others and unreadable each, named in the
first column. A key that a spreadsheet would take for a formula begins with '
there. plot is bars on the terminal.`,
		Example: `  popherd report -a work
  popherd report -a work --by age -o plot
  popherd report -a work --by list --limit 0 -o csv >lists.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if err := noWords(cmd, args); err != nil {
				return err
			}
			if err := f.check(); err != nil {
				return err
			}
			return sh.look(cmd.Context(), &f.mailFlags, true, func(ctx context.Context, m *mail) error {
				return sh.tally(ctx, m, f)
			})
		},
	}
	flags := cmd.Flags()
	f.register(flags)
	flags.StringVar(&f.By, "by", "sender", "count by `sender|domain|age|size|list`")
	flags.IntVar(&f.Limit, "limit", 20, "at most `N` rows; 0 is all")
	flags.StringVarP(&f.Output, "output", "o", "table", "as `table|csv|json|plot`")
	return cmd
}

// check refuses what makes no sense.
func (f *tallyFlags) check() error {
	var ways []string
	for _, by := range tally.All() {
		ways = append(ways, string(by))
	}
	if err := oneOf("--by", f.By, ways...); err != nil {
		return err
	}
	if f.Limit < 0 {
		return &usageError{object: "--limit", reason: fmt.Sprintf("%d is not a number of rows", f.Limit), hint: "0 is all"}
	}
	return oneOf("--output", f.Output, "table", "csv", "json", "plot")
}

// tally counts, and writes what came of it.
func (sh *shell) tally(ctx context.Context, m *mail, f tallyFlags) error {
	bar := sh.progressBar()
	r, err := tally.Count(ctx, m.Client, tally.Options{
		By:       tally.By(f.By),
		Limit:    f.Limit,
		Now:      sh.Now,
		Progress: func(done, total int) { bar.step("count", done, total) },
	})
	bar.end()
	if err != nil {
		return err
	}
	out := output{sh.Stdout}
	switch f.Output {
	case "csv":
		return tallyCSV(out, r)
	case "json":
		return sh.writeJSON(struct {
			Account string `json:"account"`
			*tally.Result
		}{m.Name, r})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "account %s   %s, %d octets\n", clean(m.Name), messages(r.Messages), r.Octets)
	if f.Output == "plot" {
		sh.writeBars(&b, r)
	} else {
		sh.writeTally(&b, r)
	}
	_, err = io.WriteString(out, b.String())
	return err
}

// tallyCSV writes rows for a spreadsheet. Their first column is what the count
// was by, or "others" or "unreadable".
func tallyCSV(w io.Writer, r *tally.Result) error {
	c := csv.NewWriter(w)
	c.Write([]string{"by", "key", "messages", "octets", "oldest", "newest"})
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.RFC3339)
	}
	write := func(by, key string, s tally.Sum) {
		if s.Messages > 0 || by == string(r.By) {
			c.Write([]string{by, key, strconv.Itoa(s.Messages), strconv.FormatInt(s.Octets, 10), day(s.Oldest), day(s.Newest)})
		}
	}
	for _, row := range r.Rows {
		write(string(r.By), harmless(clean(row.Key)), row.Sum)
	}
	write("others", "", r.Others)
	write("unreadable", "", r.Unreadable)
	c.Flush()
	return c.Error()
}

// harmless keeps spreadsheets from computing what a message says.
func harmless(cell string) string {
	if first := strings.TrimLeft(cell, " "); first != "" && strings.Contains("=+-@", first[:1]) {
		return "'" + cell
	}
	return cell
}

// A tallyLine is a row for people.
type tallyLine struct {
	name string
	tally.Sum
	counted bool // under a key, not others or unreadable
}

func tallyLines(r *tally.Result) []tallyLine {
	var lines []tallyLine
	for _, row := range r.Rows {
		name := clean(row.Key)
		if name == "" {
			name = map[tally.By]string{tally.List: "(no list)"}[r.By]
		}
		if name == "" {
			name = "(no sender)"
		}
		lines = append(lines, tallyLine{name, row.Sum, true})
	}
	if r.Others.Messages > 0 {
		lines = append(lines, tallyLine{"(others)", r.Others, false})
	}
	if r.Unreadable.Messages > 0 {
		lines = append(lines, tallyLine{"(unreadable)", r.Unreadable, false})
	}
	return lines
}

// writeTally lines rows up under their headings. Size has no dates.
func (sh *shell) writeTally(b *strings.Builder, r *tally.Result) {
	dates := func(oldest, newest, by string) string {
		if r.By == tally.Size {
			return by
		}
		return fmt.Sprintf("%-*s  %-*s  %s", len(time.DateOnly), oldest, len(time.DateOnly), newest, by)
	}
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Local().Format(time.DateOnly)
	}
	lines := tallyLines(r)
	if len(lines) == 0 {
		return
	}
	octets := len("octets")
	for _, l := range lines {
		octets = max(octets, len(fmt.Sprint(l.Octets)))
	}
	heading := fmt.Sprintf("  messages  %*s  %s", octets, "octets", dates("oldest", "newest", string(r.By)))
	if sh.colored(sh.Stdout) {
		heading = "\x1b[1m" + heading + "\x1b[0m"
	}
	b.WriteString(heading + "\n")
	for _, l := range lines {
		fmt.Fprintf(b, "  %8d  %*d  %s\n", l.Messages, octets, l.Octets, dates(day(l.Oldest), day(l.Newest), l.name))
	}
}

// writeBars draws a bar for each row, as long as it has messages.
func (sh *shell) writeBars(b *strings.Builder, r *tally.Result) {
	lines := tallyLines(r)
	most, name := 1, 0
	for _, l := range lines {
		most = max(most, l.Messages)
		name = max(name, text.StringWidth(l.name))
	}
	width := sh.plotColumns()
	name = min(name, max(width*2/5, 12))
	digits := len(strconv.Itoa(most))
	room := max(width-name-digits-6, 10)
	for _, l := range lines {
		bar := sh.bar(l.Messages, most, room)
		if l.counted && bar != "" && sh.colored(sh.Stdout) {
			bar = "\x1b[36m" + bar + "\x1b[0m"
		}
		line := fmt.Sprintf("  %s  %*d  %s", text.Pad(short(l.name, name), name, ' '), digits, l.Messages, bar)
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
}

// eighths of a block, from none to seven.
const eighths = " ▏▎▍▌▋▊▉"

// bar is a bar for n of most, which has room columns. What is there is seen.
func (sh *shell) bar(n, most, room int) string {
	if !sh.unicode() {
		length := n * room / most
		if n > 0 {
			length = max(length, 1)
		}
		return strings.Repeat("#", length)
	}
	length := n * room * 8 / most
	if n > 0 {
		length = max(length, 1)
	}
	bar := strings.Repeat("█", length/8)
	if rest := length % 8; rest > 0 {
		bar += string([]rune(eighths)[rest])
	}
	return bar
}

// unicode reports whether the terminal is said to show more than ASCII.
func (sh *shell) unicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(sh.Getenv(name)); locale != "" {
			return slices.ContainsFunc([]string{"utf-8", "utf8"}, func(charset string) bool { return strings.Contains(locale, charset) })
		}
	}
	return false
}

// columns is how wide the terminal is that standard output is; 0 if it is none.
func (sh *shell) columns() int {
	file, ok := sh.Stdout.(*os.File)
	if !ok || !isTerminal(file) {
		return 0
	}
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// plotColumns is how wide a plot is: as the terminal, or else as COLUMNS says.
func (sh *shell) plotColumns() int {
	if width := sh.columns(); width > 0 {
		return width
	}
	if width, err := strconv.Atoi(sh.Getenv("COLUMNS")); err == nil && width > 0 && width <= 1000 {
		return width
	}
	return 80
}
