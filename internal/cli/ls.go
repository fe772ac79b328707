package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"

	"github.com/popherd/popherd/internal/message"
	"github.com/popherd/popherd/internal/tally"
	"github.com/popherd/popherd/pop3"
)

// lsFlags are what the command line of ls says.
type lsFlags struct {
	mailFlags
	Limit     int
	NoHeaders bool
	Output    string
}

func (sh *shell) lsCommand() *cobra.Command {
	var f lsFlags
	cmd := &cobra.Command{
		Use:   "ls",
		Short: "List messages: number, size, date, sender and subject",
		Long: `List the messages of a maildrop, the newest last: number, size in octets, date,
sender and subject. It reads listings and headers alone, and changes nothing.

With --no-headers it asks for LIST and UIDL only, which is fast however many
messages there are, and shows number, size and unique-id. json and ndjson have
all of it.`,
		Example: `  popherd ls -a work
  popherd ls -n 0 --maildrop inbox.mbox
  popherd ls -a work --no-headers
  popherd ls -a work -n 100 -o ndjson`,
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
				return sh.ls(ctx, m, f)
			})
		},
	}
	flags := cmd.Flags()
	f.register(flags)
	flags.IntVarP(&f.Limit, "limit", "n", 20, "at most `N` messages, the newest; 0 is all")
	flags.BoolVar(&f.NoHeaders, "no-headers", false, "number, size and unique-id only")
	flags.StringVarP(&f.Output, "output", "o", "table", "as `table|json|ndjson`")
	return cmd
}

// check refuses what makes no sense.
func (f *lsFlags) check() error {
	if f.Limit < 0 {
		return &usageError{object: "--limit", reason: fmt.Sprintf("%d is not a number of messages", f.Limit), hint: "0 is all"}
	}
	return oneOf("--output", f.Output, "table", "json", "ndjson")
}

// oneOf refuses a format that a command does not have.
func oneOf(flag, value string, choices ...string) error {
	if slices.Contains(choices, value) {
		return nil
	}
	last := len(choices) - 1
	return &usageError{object: flag, reason: fmt.Sprintf("there is no choice %q", value), hint: "give " + strings.Join(choices[:last], ", ") + " or " + choices[last]}
}

// noWords refuses arguments of a command that has none: people put the account
// there.
func noWords(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return &usageError{object: fmt.Sprintf("argument %q", args[0]), reason: cmd.Name() + " takes none", hint: "an account comes after -a, local mail after --maildrop"}
}

// A listing is what LIST and UIDL say, and CAPA.
type listing struct {
	messages     []pop3.ScanListing
	ids          map[int]string    // by message-number; empty if the server has none
	capabilities pop3.Capabilities // nil if the server has no CAPA
}

func (m *mail) listing(ctx context.Context) (*listing, error) {
	// Asked for before, CAPA lets LIST and UIDL go in one round trip. Not every
	// server has it.
	capabilities, err := m.Client.Capabilities(ctx)
	if err != nil && m.Client.State() == pop3.Closed {
		return nil, err
	}
	messages, ids, err := m.Client.Listings(ctx)
	if err != nil {
		return nil, err
	}
	l := &listing{messages, make(map[int]string, len(ids)), capabilities}
	for _, id := range ids {
		l.ids[id.Number] = id.ID
	}
	return l, nil
}

// A listed is a message as ls and stat show it.
type listed struct {
	Number   int        `json:"num"`
	UniqueID string     `json:"uidl,omitempty"`
	Octets   int64      `json:"size"`
	Date     *time.Time `json:"date,omitempty"` // as tally.Sent has it
	From     string     `json:"from,omitempty"`
	Subject  string     `json:"subject,omitempty"`
	Error    string     `json:"error,omitempty"` // why there is no header

	address string // of From
}

func (l *listing) describe(m tally.Message) listed {
	d := listed{Number: m.Number, UniqueID: l.ids[m.Number], Octets: m.Octets}
	if m.Refused != nil {
		d.Error = strings.ReplaceAll(m.Refused.Error(), "pop3: ", "")
	}
	if m.Header == nil {
		return d
	}
	d.Date = known(tally.Sent(m.Header))
	octets := m.Header.Octets()
	d.From, d.Subject = message.Glance(octets)
	from := m.Header.From()
	if d.address = from.Address; d.address == "" {
		d.address = from.Name
	}
	return d
}

// ls lists the last messages.
func (sh *shell) ls(ctx context.Context, m *mail, f lsFlags) error {
	l, err := m.listing(ctx)
	if err != nil {
		return err
	}
	last := l.messages
	if f.Limit > 0 {
		last = last[max(0, len(last)-f.Limit):]
	}
	bar := sh.progressBar()
	defer bar.end()
	out := sh.printer("", bar)
	lines := sh.listedLines(out, m.Name, l, f)
	done := 0
	for message, err := range headers(ctx, m, last, f.NoHeaders) {
		if err == nil {
			err = lines.row(l.describe(message))
		}
		if err != nil {
			out.Flush()
			return err
		}
		done++
		bar.step("list", done, len(last))
	}
	if err := lines.end(len(l.messages) - len(last)); err != nil {
		return err
	}
	return out.Flush()
}

// headers are the messages with their headers, or without.
func headers(ctx context.Context, m *mail, messages []pop3.ScanListing, none bool) iter.Seq2[tally.Message, error] {
	if !none {
		return tally.Headers(ctx, m.Client, messages)
	}
	return func(yield func(tally.Message, error) bool) {
		for _, listed := range messages {
			if !yield(tally.Message{ScanListing: listed}, nil) {
				return
			}
		}
	}
}

// listedLines write messages one after the other.
type listedLines struct {
	row func(listed) error
	end func(left int) error // left are the messages that are not shown
}

func (sh *shell) listedLines(w io.Writer, account string, l *listing, f lsFlags) listedLines {
	switch f.Output {
	case "json":
		return listedJSON(w, account, l)
	case "ndjson":
		encoder := newEncoder(w)
		return listedLines{
			row: func(m listed) error {
				return encoder.Encode(struct {
					Account string `json:"account"`
					listed
				}{account, m})
			},
			end: func(int) error { return nil },
		}
	}
	t := sh.newListedTable(l, f.NoHeaders)
	return listedLines{
		row: func(m listed) error {
			_, err := io.WriteString(w, t.line(m))
			return err
		},
		end: func(left int) error {
			switch {
			case sh.quiet:
			case len(l.messages) == 0:
				fmt.Fprintf(sh.Stderr, "account %s: the maildrop is empty\n", clean(account))
			case left > 0:
				fmt.Fprintf(sh.Stderr, "and %s before (show all with -n 0)\n", messages(left))
			}
			return nil
		},
	}
}

// listedJSON writes one object. Its rows are written as they come, so that
// there may be any number of them.
func listedJSON(w io.Writer, account string, l *listing) listedLines {
	var octets int64
	for _, m := range l.messages {
		octets += m.Octets
	}
	between := ""
	begin := func() error {
		name, err := jsonText(account)
		if err == nil {
			_, err = fmt.Fprintf(w, "{\n  \"account\": %s,\n  \"messages\": %d,\n  \"octets\": %d,\n  \"listed\": [", name, len(l.messages), octets)
		}
		between = "\n    "
		return err
	}
	return listedLines{
		row: func(m listed) error {
			if between == "" {
				if err := begin(); err != nil {
					return err
				}
			}
			row, err := jsonText(m)
			if err == nil {
				_, err = io.WriteString(w, between+row)
			}
			between = ",\n    "
			return err
		},
		end: func(int) error {
			if between == "" {
				if err := begin(); err != nil {
					return err
				}
			}
			_, err := io.WriteString(w, "\n  ]\n}\n")
			return err
		},
	}
}

// jsonText is v in JSON, on one line.
func jsonText(v any) (string, error) {
	var b strings.Builder
	err := newEncoder(&b).Encode(v)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// A listedTable lines messages up. Its widths do not depend on what is in the
// headers, so that lines can be shown as they come.
type listedTable struct {
	number, size int
	width        int // of the terminal; 0 is any
	ids          bool
}

const senderWidth = 30

func (sh *shell) newListedTable(l *listing, ids bool) listedTable {
	t := listedTable{width: sh.columns(), ids: ids}
	for _, m := range l.messages {
		t.number = max(t.number, len(fmt.Sprint(m.Number)))
		t.size = max(t.size, len(fmt.Sprint(m.Octets)))
	}
	return t
}

// line is a message's line. On a terminal it is one line there.
func (t listedTable) line(m listed) string {
	line := fmt.Sprintf("%*d  %*d  ", t.number, m.Number, t.size, m.Octets)
	switch {
	case t.ids:
		line += clean(m.UniqueID)
	case m.Error != "":
		line += clean(m.Error)
	default:
		date := ""
		if m.Date != nil {
			date = m.Date.Local().Format(minutes)
		}
		line += fmt.Sprintf("%-*s  %s  %s", len(minutes), date, text.Pad(short(clean(m.address), senderWidth), senderWidth, ' '), clean(m.Subject))
	}
	if t.width > 0 {
		line = short(line, t.width)
	}
	return strings.TrimRight(line, " ") + "\n"
}

// minutes is how dates are shown where seconds do not matter.
const minutes = "2006-01-02 15:04"

// short is s on at most width columns, with dots where it was cut.
func short(s string, width int) string {
	if text.StringWidth(s) <= width {
		return s
	}
	return text.Trim(s, max(width-3, 0)) + "..."
}
