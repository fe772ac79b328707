package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/popherd/popherd/pop3"
)

// catFlags are what the command lines of cat and top say.
type catFlags struct {
	mailFlags
	UniqueIDs bool
	Raw       bool
}

func (f *catFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.mailFlags.register(flags)
	flags.BoolVar(&f.UniqueIDs, "uidl", false, "take the argument for a unique-id though it is a number")
	flags.BoolVar(&f.Raw, "raw", false, "exact octets on a terminal, too: a message can make it do what it likes")
}

func (sh *shell) catCommand() *cobra.Command {
	var f catFlags
	cmd := &cobra.Command{
		Use:   "cat NUMBER|UIDL...",
		Short: "Write messages to standard output, octet by octet",
		Long: `Write messages to standard output as they came, octet by octet, one behind the
other. A message is named by its number, as popherd ls shows it, or by its
unique-id. On a terminal controls are replaced and line ends adapted, unless
--raw is given.

The session ends without QUIT, so that servers which take a retrieved message
for read, or for popped, do not.`,
		Example: `  popherd cat 7 -a work
  popherd cat 7 -a work >message.eml
  popherd cat 000000026b03dd20 -a work`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := notEmpty(cmd.Flags()); err != nil {
				return err
			}
			if len(args) == 0 {
				return &usageError{object: "cat", reason: "no message is named", hint: "as in popherd cat 7; popherd ls shows their numbers"}
			}
			return sh.look(cmd.Context(), &f.mailFlags, false, func(ctx context.Context, m *mail) error {
				return sh.cat(ctx, m, args, f)
			})
		},
	}
	f.register(cmd)
	return cmd
}

// cat writes the messages. One that the server refuses does not keep the others
// from being written.
func (sh *shell) cat(ctx context.Context, m *mail, words []string, f catFlags) error {
	numbers, err := m.find(ctx, words, f.UniqueIDs)
	if err != nil {
		return err
	}
	var refusals []error
	for _, n := range numbers {
		text, err := m.Client.Retrieve(ctx, n)
		if errors.As(err, new(*pop3.Error)) {
			refusals = append(refusals, err)
			continue
		}
		if err != nil {
			return err
		}
		if err := sh.writeMail(text, f.Raw); err != nil {
			return err
		}
	}
	if len(refusals) > 1 {
		for _, err := range refusals {
			sh.complain(lookFault(m.Name, err))
		}
		return withStatus(exitProtocol, fmt.Errorf("account %s: %d of %s could not be retrieved", m.Name, len(refusals), messages(len(numbers))), "")
	}
	return errors.Join(refusals...)
}

// find finds the message-numbers of the words of a command line: numbers, or
// unique-ids. Nothing is written before all were found.
func (m *mail) find(ctx context.Context, words []string, uniqueIDs bool) ([]int, error) {
	l, err := m.listing(ctx)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, word := range words {
		n, err := l.find(word, uniqueIDs)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// find finds the message that a word names.
func (l *listing) find(word string, uniqueID bool) (int, error) {
	if uniqueID || strings.Trim(word, "0123456789") != "" {
		return l.findID(word)
	}
	n, err := strconv.Atoi(word)
	if err != nil || n == 0 || word[0] == '0' {
		return 0, &usageError{object: fmt.Sprintf("message %q", word), reason: "not a message-number", hint: "they begin with 1; a unique-id that is a number comes after --uidl"}
	}
	if slices.ContainsFunc(l.messages, func(m pop3.ScanListing) bool { return m.Number == n }) {
		return n, nil
	}
	return 0, withStatus(exitNoInput, fmt.Errorf("message %d: there is none", n), l.there())
}

// there says which messages there are.
func (l *listing) there() string {
	switch count := len(l.messages); count {
	case 0:
		return "the maildrop is empty"
	case 1:
		return fmt.Sprintf("the only message is number %d", l.messages[0].Number)
	default:
		return fmt.Sprintf("the maildrop has messages %d to %d; popherd ls shows them", l.messages[0].Number, l.messages[count-1].Number)
	}
}

// findID finds a message by its unique-id. Some servers give one to several.
func (l *listing) findID(id string) (int, error) {
	var found []string
	number := 0
	for _, m := range l.messages {
		if l.ids[m.Number] == id {
			found = append(found, strconv.Itoa(m.Number))
			number = m.Number
		}
	}
	object := fmt.Sprintf("unique-id %q", id)
	switch {
	case len(l.messages) > 0 && len(l.ids) == 0:
		return 0, withStatus(exitNoInput, errors.New(object+": the server has no unique-ids"), "name the message by its number, as popherd ls shows it")
	case len(found) == 0 && len(l.messages) == 0:
		return 0, withStatus(exitNoInput, errors.New(object+": no message has it"), l.there())
	case len(found) == 0:
		return 0, withStatus(exitNoInput, errors.New(object+": no message has it"), "popherd ls --no-headers shows them")
	case len(found) > 1:
		return 0, withStatus(exitInput, errors.New(object+": messages "+strings.Join(found, ", ")+" have it"), "name one by its number")
	}
	return number, nil
}

// writeMail writes what a server sent of a message: exactly, but not to a
// terminal.
func (sh *shell) writeMail(text *pop3.Text, raw bool) error {
	var w io.Writer = output{sh.Stdout}
	if raw || !isTerminal(sh.Stdout) {
		_, err := text.WriteTo(w)
		return err
	}
	buffered := bufio.NewWriter(w)
	c := &cleaner{w: buffered}
	if _, err := text.WriteTo(c); err != nil {
		buffered.Flush() // what came is shown
		return err
	}
	if err := c.end(); err != nil {
		return err
	}
	return buffered.Flush()
}

// A cleaner writes text of several lines, each of them clean.
type cleaner struct {
	w     io.Writer
	line  []byte // that has not ended
	begun bool   // a piece of it was written already
}

// maxCleanLine bounds what is kept of a line that does not end.
const maxCleanLine = 16 << 10

func (c *cleaner) Write(octets []byte) (int, error) {
	for rest := octets; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte("\n"))
		if room := maxCleanLine - len(c.line); len(line) > room {
			line, after, ended = rest[:room], rest[room:], false
		}
		c.line = append(c.line, line...)
		rest = after
		var err error
		switch {
		case ended:
			err = c.put(bytes.TrimSuffix(c.line, []byte("\r")), "\n")
			c.line = c.line[:0]
		case len(c.line) == maxCleanLine:
			whole := wholeRunes(c.line)
			err = c.put(c.line[:whole], "")
			c.line = append(c.line[:0], c.line[whole:]...)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(octets), nil
}

// end writes the line that did not end, and ends it.
func (c *cleaner) end() error {
	if len(c.line) == 0 && !c.begun {
		return nil
	}
	return c.put(c.line, "\n")
}

func (c *cleaner) put(line []byte, end string) error {
	c.begun = end == ""
	_, err := io.WriteString(c.w, clean(string(line))+end)
	return err
}

// wholeRunes is how many octets of line are there without a rune that is cut at
// its end.
func wholeRunes(line []byte) int {
	for i := len(line) - 1; i >= 0 && i >= len(line)-utf8.UTFMax; i-- {
		if utf8.RuneStart(line[i]) {
			if !utf8.FullRune(line[i:]) {
				return i
			}
			break
		}
	}
	return len(line)
}
