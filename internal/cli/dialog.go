package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/popherd/popherd/internal/secret"
)

// errLeft is a person who gave no answer: Ctrl-C, Ctrl-D, or a terminal that
// was closed.
var errLeft error = leftError{}

type leftError struct{}

func (leftError) Error() string { return "interrupted: nothing was answered" }

// Kind is "cancelled", under which exit statuses know it.
func (leftError) Kind() string { return "cancelled" }

// A dialog asks a person questions, one after the other. It ends with its
// context, though nobody types.
type dialog struct {
	ctx    context.Context
	in     *bufio.Reader
	out    io.Writer
	hidden func(prompt string) (string, error) // asks without echo
}

// maxAnswer is more than anybody types, in octets.
const maxAnswer = 4096

// newDialog asks on the terminal. A terminal gives one line at a time, so that
// no line is read ahead that is a password.
func (sh *shell) newDialog(ctx context.Context) (*dialog, error) {
	file, err := sh.terminal()
	if err != nil {
		return nil, &usageError{object: "terminal", reason: "there is none to ask questions on", hint: "with --non-interactive and flags nothing is asked"}
	}
	return &dialog{
		ctx: ctx, in: bufio.NewReaderSize(file, maxAnswer), out: sh.Stderr,
		hidden: func(prompt string) (string, error) { return hiddenLine(ctx, file, sh.Stderr, prompt) },
	}, nil
}

// hiddenLine asks for a line that nobody sees. The terminal is silent before the
// prompt appears, so that no key is shown however soon it is pressed; and every
// key comes at once, because term.ReadPassword does not hear Ctrl-D.
func hiddenLine(ctx context.Context, file *os.File, out io.Writer, prompt string) (string, error) {
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return "", err
	}
	fmt.Fprint(out, clean(prompt))
	type typed struct {
		text string
		err  error
	}
	done := make(chan typed, 1)
	go func() {
		text, err := readKeys(file)
		done <- typed{text, err}
	}()
	answer := typed{}
	select {
	case answer = <-done:
	case <-ctx.Done():
		answer.err = context.Cause(ctx)
	}
	term.Restore(int(file.Fd()), before)
	fmt.Fprintln(out)
	return answer.text, answer.err
}

// readKeys reads keys up to Enter, as a terminal would that edits lines.
func readKeys(from io.Reader) (string, error) {
	var text []byte
	key := make([]byte, 1)
	for len(text) < maxAnswer {
		n, err := from.Read(key)
		switch {
		case err != nil:
			return "", err
		case n == 0:
			return "", io.EOF
		}
		switch key[0] {
		case '\r', '\n':
			return string(text), nil
		case 'C' - '@', '\\' - '@':
			return "", errLeft
		case 'D' - '@':
			if len(text) == 0 {
				return "", errLeft
			}
		case 'U' - '@':
			text = text[:0]
		case '\b', 0x7f:
			_, size := utf8.DecodeLastRune(text)
			text = text[:len(text)-size]
		default:
			text = append(text, key[0])
		}
	}
	return "", fmt.Errorf("answer: longer than %d octets", maxAnswer)
}

// say tells something. Foreign text in it must be clean already.
func (d *dialog) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// line reads a line, without the blanks around it.
func (d *dialog) line() (string, error) {
	type answer struct {
		text string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		text, err := d.in.ReadSlice('\n')
		answered <- answer{strings.TrimSpace(string(text)), err}
	}()
	select {
	case <-d.ctx.Done():
		fmt.Fprintln(d.out)
		return "", context.Cause(d.ctx)
	case a := <-answered:
		switch {
		case errors.Is(a.err, bufio.ErrBufferFull):
			return "", fmt.Errorf("answer: longer than %d octets", maxAnswer)
		case errors.Is(a.err, io.EOF) && a.text == "":
			fmt.Fprintln(d.out)
			return "", errLeft
		case a.err != nil && !errors.Is(a.err, io.EOF):
			return "", a.err
		}
		return a.text, nil
	}
}

// ask asks until check takes the answer. An empty answer is preset.
func (d *dialog) ask(question, preset string, check func(answer string) error) (string, error) {
	prompt := question + ": "
	if preset != "" {
		prompt = fmt.Sprintf("%s [%s]: ", question, clean(preset))
	}
	for {
		fmt.Fprint(d.out, prompt)
		answer, err := d.line()
		if err != nil {
			return "", err
		}
		if answer == "" {
			answer = preset
		}
		if err = check(answer); err == nil {
			return answer, nil
		}
		d.complain(err)
	}
}

// complain says what is wrong with an answer.
func (d *dialog) complain(err error) {
	d.say("  %s", clean(err.Error()))
	if hint := hintOf(err); hint != "" {
		d.say("  %s", clean(hint))
	}
}

// confirm asks a question whose answer is yes or no.
func (d *dialog) confirm(question string, preset bool) (bool, error) {
	word := map[bool]string{true: "yes", false: "no"}
	yes := preset
	_, err := d.ask(question, word[preset], func(answer string) error {
		switch strings.ToLower(answer) {
		case "y", "yes":
			yes = true
		case "n", "no":
			yes = false
		default:
			return errors.New("answer yes or no")
		}
		return nil
	})
	return yes, err
}

// choose shows choices, and returns the index of the one that was chosen. The
// first is preset.
func (d *dialog) choose(question string, choices []string) (int, error) {
	for i, choice := range choices {
		d.say("  %d  %s", i+1, clean(choice))
	}
	chosen := 0
	_, err := d.ask(question, "1", func(answer string) error {
		n, err := strconv.Atoi(answer)
		if err != nil || n < 1 || n > len(choices) {
			return fmt.Errorf("answer with a number from 1 to %d", len(choices))
		}
		chosen = n - 1
		return nil
	})
	return chosen, err
}

// password asks for a secret, without echo, until there is one.
func (d *dialog) password(prompt string) (secret.Secret, error) {
	for {
		text, err := d.hidden(prompt)
		switch {
		case errors.Is(err, io.EOF):
			return secret.Secret{}, errLeft
		case err != nil:
			return secret.Secret{}, err
		case text != "":
			return secret.New(text), nil
		}
		d.say("  nothing was typed")
	}
}

// words splits a command line as people write it: at blanks, but not within
// quotes of either kind.
func words(line string) ([]string, error) {
	var list []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, begun = r, true
		case r == ' ' || r == '\t':
			if begun {
				list = append(list, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(r)
			begun = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed: %c", quote)
	}
	if begun {
		list = append(list, word.String())
	}
	return list, nil
}
