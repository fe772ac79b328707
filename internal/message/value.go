package message

import (
	"bytes"
	"strings"
)

// decode makes the value that a rule sees.
func (h *Header) decode(raw []byte) string {
	text := h.text(raw)
	if strings.Contains(text, "=?") {
		text = strings.TrimSpace(oneLine(decodeWords(text)))
	}
	return text
}

// text unfolds a value and makes it valid UTF-8; encoded words stay.
func (h *Header) text(raw []byte) string {
	raw = clip(raw, MaxValue)
	plain := true
	for _, c := range raw {
		if c >= 0x80 || c == '\n' || c == '\r' {
			plain = false
			break
		}
	}
	if plain {
		return string(raw)
	}
	text := unfold(raw)
	if isUTF8(text) {
		return text
	}
	return guess([]byte(text), h.bodyCharset())
}

// bodyCharset is the one that the body is declared to have: the best guess for
// a header that should have had none.
func (h *Header) bodyCharset() string {
	if h.charset == nil { // of thousands of fields each may ask
		charset := h.declaredCharset()
		h.charset = &charset
	}
	return *h.charset
}

func (h *Header) declaredCharset() string {
	raw, _ := h.first("Content-Type")
	return parseParams(strings.ToValidUTF8(unfold(clip(raw, MaxValue)), "\uFFFD")).word("charset")
}

// unfold makes one line of a value. A fold becomes one blank, whatever blanks
// it had.
func unfold(raw []byte) string {
	if bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') < 0 {
		return string(raw)
	}
	line := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		end := bytes.IndexByte(raw, '\n')
		if end < 0 {
			end = len(raw)
		}
		part := bytes.Trim(raw[:end], " \t\r")
		raw = raw[min(end+1, len(raw)):]
		if len(part) > 0 && len(line) > 0 {
			line = append(line, ' ')
		}
		line = append(line, part...)
	}
	for i, c := range line {
		if c == '\r' {
			line[i] = ' '
		}
	}
	return string(line)
}

// oneLine keeps the promise of a value though an encoded word held line ends.
func oneLine(text string) string {
	if !strings.ContainsAny(text, "\r\n") {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' {
			return ' '
		}
		return r
	}, text)
}

// clip cuts octets, but not inside a character of UTF-8.
func clip(octets []byte, most int) []byte {
	if len(octets) <= most {
		return octets
	}
	for i := 0; i < 3 && most > 0 && octets[most]&0xC0 == 0x80; i++ {
		most--
	}
	return octets[:most]
}
