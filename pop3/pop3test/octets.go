package pop3test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/popherd/popherd/pop3/internal/wire"
)

// unescape turns the TEXT of a line to octets.
func unescape(text string) ([]byte, error) {
	var octets []byte
	for text != "" {
		if text[0] != '\\' {
			octets = append(octets, text[0])
			text = text[1:]
			continue
		}
		octet, length, err := escape(text)
		if err != nil {
			return nil, err
		}
		octets = append(octets, octet)
		text = text[length:]
	}
	return octets, nil
}

// escape reads the one escape that text starts with, and says how long it is.
func escape(text string) (octet byte, length int, err error) {
	if len(text) >= 2 {
		switch text[1] {
		case 'r':
			return '\r', 2, nil
		case 'n':
			return '\n', 2, nil
		case 't':
			return '\t', 2, nil
		case '\\':
			return '\\', 2, nil
		case 'x':
			if len(text) >= 4 {
				if n, err := strconv.ParseUint(text[2:4], 16, 8); err == nil {
					return byte(n), 4, nil
				}
			}
		}
	}
	return 0, 0, fmt.Errorf("%q starts with no known escape", text)
}

// A pattern is a line of the client: its fixed parts, with variable ones in
// between.
type pattern struct {
	text  string // as in the file
	parts [][]byte
}

func parsePattern(text string) (pattern, error) {
	p := pattern{text: text}
	for part := range strings.SplitSeq(variable(text), "\n") {
		octets, err := unescape(part)
		if err != nil {
			return p, err
		}
		p.parts = append(p.parts, octets)
	}
	return p, nil
}

// variable replaces \* by a line feed, which no line of a file has, but leaves
// \\* alone.
func variable(text string) string {
	return strings.NewReplacer(`\\`, `\\`, `\*`, "\n").Replace(text)
}

func (p pattern) match(line []byte) bool {
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(p.parts) == 1 {
		return bytes.Equal(line, first)
	}
	if !bytes.HasPrefix(line, first) {
		return false
	}
	line = line[len(first):]
	for _, part := range p.parts[1 : len(p.parts)-1] {
		at := bytes.Index(line, part)
		if at < 0 {
			return false
		}
		line = line[at+len(part):]
	}
	return bytes.HasSuffix(line, last)
}

// Message returns a message of exactly n octets, always the same for the same
// n: a header where there is room for one, and lines of text of which some
// start with a dot. It ends with CR LF if n is at least 2.
func Message(n int) []byte {
	const head = "From: pop3test\r\nSubject: octets\r\n\r\n"
	var b bytes.Buffer
	b.Grow(n + 100)
	if n >= len(head) {
		b.WriteString(head)
	}
	for row := 1; b.Len() < n; row++ {
		dots := strings.Repeat(".", row%4/2) // none, none, one, one
		fmt.Fprintf(&b, "%sline %d of a message that nobody wrote, as long as a test wants it\r\n", dots, row)
	}
	message := b.Bytes()[:n]
	if n >= 2 {
		copy(message[n-2:], "\r\n")
		if n >= 3 && message[n-3] == '\r' {
			message[n-3] = '-'
		}
	}
	return message
}

// stuffed is a text as it goes over the wire.
func stuffed(text []byte) []byte {
	var b bytes.Buffer
	w := wire.NewTextWriter(&b)
	w.Write(text) // a Buffer does not fail
	w.Close()
	return b.Bytes()
}
