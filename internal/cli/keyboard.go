package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
)

// A keyboard reads what a person types where nothing is shown, a key at a time.
// It is for one question at a time.
type keyboard struct {
	file    *os.File
	from    io.Reader // file, or what tests put in its place
	pressed chan key  // of the read that is going on
	reading bool      // one is: a question that was given up has left it behind
}

type key struct {
	octet byte
	err   error
}

func newKeyboard(file *os.File, from io.Reader) *keyboard {
	return &keyboard{file: file, from: from, pressed: make(chan key, 1)}
}

// keys is the keyboard of the terminal, the same for every question.
func (sh *shell) keys() (*keyboard, error) {
	if sh.board == nil {
		file, err := sh.terminal()
		if err != nil {
			return nil, err
		}
		sh.board = newKeyboard(file, file)
	}
	return sh.board, nil
}

// hiddenLine asks for a line that nobody sees. The terminal is silent before the
// prompt appears, so that no key is shown however soon it is pressed; and every
// key comes at once, because term.ReadPassword does not hear Ctrl-D.
func (k *keyboard) hiddenLine(ctx context.Context, out io.Writer, prompt string) (string, error) {
	before, err := term.MakeRaw(int(k.file.Fd()))
	if err != nil {
		return "", err
	}
	fmt.Fprint(out, clean(prompt))
	text, err := k.line(ctx)
	term.Restore(int(k.file.Fd()), before)
	fmt.Fprintln(out)
	return text, err
}

// next waits for a key.
func (k *keyboard) next(ctx context.Context) (byte, error) {
	if !k.reading {
		k.reading = true
		go func() {
			octet := make([]byte, 1)
			n, err := k.from.Read(octet)
			if n == 0 && err == nil {
				err = io.EOF
			}
			k.pressed <- key{octet[0], err}
		}()
	}
	select {
	case pressed := <-k.pressed:
		k.reading = false
		return pressed.octet, pressed.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// line reads keys up to Enter, as a terminal would that edits lines. Keys that
// are no characters mean nothing.
func (k *keyboard) line(ctx context.Context) (string, error) {
	var text []byte
	for len(text) < maxAnswer {
		octet, err := k.next(ctx)
		if err == nil && octet == escape {
			octet, err = k.skip(ctx)
		}
		if err != nil {
			return "", err
		}
		switch octet {
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
			if octet >= ' ' || octet == '\t' {
				text = append(text, octet)
			}
		}
	}
	return "", fmt.Errorf("answer: longer than %d octets", maxAnswer)
}

const escape = 0x1b

// skip reads the rest of what an arrow or another such key sends (ECMA-48 §5.4),
// and returns the next key, or 0. Esc by itself means nothing.
func (k *keyboard) skip(ctx context.Context) (byte, error) {
	octet, err := k.next(ctx)
	if err != nil || octet != '[' && octet != 'O' {
		return octet, err
	}
	for octet = 0; err == nil && octet < '@'; {
		octet, err = k.next(ctx)
	}
	return 0, err
}
