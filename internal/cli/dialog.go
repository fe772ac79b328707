package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/popherd/popherd/internal/secret"
)

// errLeft is a person who gave no answer: Ctrl-C, Ctrl-D, or a terminal that
// was closed.
var errLeft error = leftError{}

type leftError struct{}

func (leftError) Error() string { return "interrupted" }

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
	keys, err := sh.keys()
	if err != nil {
		return nil, &usageError{object: "terminal", reason: "there is none to ask questions on", hint: "with --non-interactive and flags nothing is asked"}
	}
	return &dialog{
		ctx: ctx, in: bufio.NewReaderSize(keys.file, maxAnswer), out: sh.Stderr,
		hidden: func(prompt string) (string, error) { return keys.hiddenLine(ctx, sh.Stderr, prompt) },
	}, nil
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

// choose shows choices, and returns the index of the one that was chosen, or of
// the preset one.
func (d *dialog) choose(question string, choices []string, preset int) (int, error) {
	for i, choice := range choices {
		d.say("  %d  %s", i+1, clean(choice))
	}
	chosen := preset
	_, err := d.ask(question, strconv.Itoa(preset+1), func(answer string) error {
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
