package pop3server

import (
	"errors"
	"log/slog"
	"strconv"
	"strings"

	"github.com/popherd/popherd/pop3"
)

// maxText bounds the text of a reply, whose line has 512 octets (RFC 2449 §4).
const maxText = 400

// Replies go to the buffer of stream, whose first failed write is kept there:
// what they return is not looked at.

// ok writes a positive status line.
func (c *conn) ok(text string) {
	w := c.stream.replies
	w.WriteString("+OK ")
	w.WriteString(text)
	w.WriteString("\r\n")
}

// okNumber writes a positive status line that starts with a number.
func (c *conn) okNumber(n int64, text string) {
	w := c.stream.replies
	w.WriteString("+OK ")
	w.Write(strconv.AppendInt(w.AvailableBuffer(), n, 10))
	w.WriteString(text)
	w.WriteString("\r\n")
}

// err writes a negative status line.
func (c *conn) err(code, text string) {
	w := c.stream.replies
	w.WriteString("-ERR ")
	if code != "" {
		w.WriteString("[" + code + "] ")
	}
	w.WriteString(text)
	w.WriteString("\r\n")
}

// wrong refuses a command that is unknown, malformed or out of state.
func (c *conn) wrong(text string) error {
	c.err("", text)
	c.bad++
	if limit := orDefault(c.server.MaxBadCommands, 10); limit >= 0 && c.bad >= limit {
		return errBad
	}
	return nil
}

// refuse tells the client what a session's error lets it know, and the Logger
// the rest.
func (c *conn) refuse(op string, err error) {
	code, text, foreseen := refusal(err)
	c.err(code, text)
	level := slog.LevelError
	if foreseen {
		level = slog.LevelInfo
	}
	c.log(level, "refused", "command", op, "error", err)
}

// refusal is what the client may know of an error, and whether the error was
// made for it.
func refusal(err error) (code, text string, foreseen bool) {
	var own *Error
	if errors.As(err, &own) {
		return cleanCode(string(own.Code)), clean(own.Text), true
	}
	var coded interface {
		error
		ResponseCode() string
	}
	if errors.As(err, &coded) {
		return cleanCode(coded.ResponseCode()), clean(coded.Error()), true
	}
	return string(pop3.CodeSysTemp), "the server failed, try again later", false
}

// clean makes one short line of s.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return '?'
		}
		return r
	}, s)
	if len(s) > maxText {
		s = s[:maxText]
	}
	return s
}

// cleanCode drops a response code that RFC 2449 §8 has no room for.
func cleanCode(s string) string {
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '[' || r == ']' }) {
		return ""
	}
	return s
}
