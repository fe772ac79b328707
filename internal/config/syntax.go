package config

import (
	"bytes"
	"cmp"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// checkText refuses what is no text, and drops a byte order mark, which some
// editors of Windows write.
func checkText(name string, text []byte) ([]byte, error) {
	switch {
	case len(text) > maxSize:
		return nil, failed(name, "is larger than 4 MiB", "is it the right file?")
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return nil, failed(name, "is UTF-16", "save it as UTF-8")
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	at := bytes.IndexByte(text, 0)
	reason, advice := "holds a NUL", "is it the right file?"
	if at < 0 && !utf8.Valid(text) {
		at = invalid(text)
		reason, advice = "is not UTF-8", "save it as UTF-8"
	}
	if at < 0 {
		// Capacity says to go-toml where in the file an error is.
		return text[:len(text):len(text)], nil
	}
	e := &Error{Path: name, Reason: reason, Advice: advice}
	e.Line, e.Column = position(text, at)
	return nil, &Errors{List: []*Error{e}}
}

// invalid returns where text stops to be UTF-8.
func invalid(text []byte) int {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// position returns line and column, in characters, of an offset.
func position(text []byte, at int) (line, column int) {
	at = min(max(at, 0), len(text))
	before := text[:at]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// newTree reads TOML, and says where it is not.
func newTree(name string, text []byte) (*node, []place, error) {
	root := &node{kind: unstable.Table, index: map[string]*node{}}
	b := &builder{text: text, root: root, table: root}
	p := &unstable.Parser{KeepComments: true}
	p.Reset(text)
	for b.fault == nil && p.NextExpression() {
		b.add(p)
	}
	var wrong *unstable.ParserError
	if b.fault == nil && errors.As(p.Error(), &wrong) {
		b.fault = b.notTOML(cap(text)-cap(wrong.Highlight), wrong.Message)
	}
	if b.fault == nil {
		b.fault = b.check()
	}
	if b.fault != nil {
		b.fault.Path = name
		return nil, nil, &Errors{List: []*Error{b.fault}}
	}
	return root, b.comments, nil
}

// check has go-toml find what its parser alone lets pass: dates and numbers
// that are none, and tables that are made in two ways.
func (b *builder) check() *Error {
	var all map[string]any
	err := toml.Unmarshal(b.text, &all)
	if err == nil {
		return nil
	}
	var wrong *toml.DecodeError
	if !errors.As(err, &wrong) {
		return &Error{Reason: "is not TOML"}
	}
	line, column := wrong.Position()
	at := 0
	for range line - 1 {
		at += bytes.IndexByte(b.text[at:], '\n') + 1
	}
	at = min(at+column-1, len(b.text))
	n := covering(b.root, at)
	if n == nil {
		return &Error{Line: line, Column: column, Reason: "is not TOML"}
	}
	say := said(strings.TrimPrefix(wrong.Error(), "toml: "))
	e := &Error{Key: n.path(), Reason: cmp.Or(say.reason, "is not TOML"), Advice: cmp.Or(say.advice, write(n.name))}
	e.Line, e.Column = position(b.text, at)
	e.Excerpt = excerpt(b.text, at, at+1, secrets(b.text, b.root), b.comments)
	return e
}

// covering returns the innermost node that stands at an offset, or nil.
func covering(n *node, at int) *node {
	for _, child := range n.children {
		if found := covering(child, at); found != nil {
			return found
		}
		if child.keyAt <= at && at < child.end {
			return child
		}
	}
	return nil
}

// notTOML puts an error of the parser into words that help.
func (b *builder) notTOML(at int, message string) *Error {
	at = min(at, len(b.text))
	begin, end := b.begin(), at+1
	key := keyIn(b.text[begin:])
	say := said(message)
	if say.whole {
		rest := b.text[begin:]
		at = begin + len(rest) - len(bytes.TrimLeft(rest, " \t"))
		end = at + len(key)
	}
	e := &Error{Key: b.known(key), Reason: say.reason, Advice: say.advice}
	e.Line, e.Column = position(b.text, at)
	e.Excerpt = lineExcerpt(b.text, begin, at, end)
	start := lineStart(b.text, at)
	switch {
	case say.reason == "" && begin < start:
		e.Reason, e.Advice = "the value is wrong here", "is a quotation mark missing, or a ] or } above?"
	case say.reason == "":
		e.Reason, e.Advice = notValue(b.text[start:lineEnd(b.text, at)], at-start, key)
	case say.advice == "":
		e.Advice = write(key)
	}
	return e
}

// begin returns where the expression that failed begins: at the first line
// behind the last good one that is not empty or a comment.
func (b *builder) begin() int {
	at := b.done
	if at > 0 && at != lineStart(b.text, at) {
		at = lineEnd(b.text, at) + 1
	}
	for at < len(b.text) {
		line := bytes.TrimSpace(b.text[at:lineEnd(b.text, at)])
		if len(line) > 0 && line[0] != '#' {
			return at
		}
		at = lineEnd(b.text, at) + 1
	}
	return min(b.done, len(b.text))
}

// known is the whole path of a key that is known, so that the error can name
// it; of others nobody knows whether they are keys.
func (b *builder) known(key string) string {
	if _, ok := examples[key]; !ok {
		return ""
	}
	n := node{name: key, parent: b.table}
	return n.path()
}
