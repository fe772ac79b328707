package config

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A node is a value of the file, and where it stands. The offsets are in
// octets. Its Kind is Table for all tables but those in arrays of tables, which
// are children of an ArrayTable.
type node struct {
	kind          unstable.Kind
	name          string // of its key; "" in lists
	parent        *node
	keyAt, keyEnd int    // its key, the last part; the value's own place in lists
	at, end       int    // the value; the key for tables with a header of their own
	content       string // of a text, without quotes; of other single values as written
	children      []*node
	index         map[string]*node // of a table
	closed        bool             // a table with a header of its own, or a value: it cannot be written again
}

// child returns the value of a key, or nil.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	return n.index[name]
}

// isTable reports whether the node has keys.
func (n *node) isTable() bool { return n.kind == unstable.Table }

// path is the key as a person finds it, such as accounts.work.port.
func (n *node) path() string {
	var parts []string
	for ; n.parent != nil; n = n.parent {
		if n.name != "" {
			parts = append(parts, bareOrQuoted(n.name))
		}
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".")
}

// bareOrQuoted writes a key as TOML does.
func bareOrQuoted(name string) string {
	if name != "" && len(name) <= maxQuote && strings.Trim(name, bareOctets) == "" {
		return name
	}
	if tellsSecret(name) {
		return quotedSecret // a quotation mark too many makes a key of a value
	}
	return quote(name)
}

// quotedSecret stands for a key that may be the value of a password.
const quotedSecret = `"..."`

// bareOctets may stand in a key without quotes.
const bareOctets = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

// maxQuote is how much of a foreign text an error shows, in octets.
const maxQuote = 64

// quote makes foreign text fit for an error.
func quote(s string) string {
	if len(s) > maxQuote {
		s = strings.ToValidUTF8(s[:maxQuote], "") + "..."
	}
	return strconv.Quote(s)
}

// maxDepth is how many parts a key has at most, tables it stands in included:
// one more than any that is known, as in accounts.work.oauth.provider.
const maxDepth = 5

// maxKeys is how many keys a table has at most: go-toml takes time that grows
// with their square.
const maxKeys = 20_000

// A builder makes a tree of the expressions of a file.
type builder struct {
	text     []byte
	root     *node
	table    *node   // of the last header
	comments []place // those that may share a line with something else
	fault    *Error
	done     int // offset behind the last expression that was taken
}

// A place is from where to where something stands, in octets.
type place struct{ from, to int }

// add takes an expression.
func (b *builder) add(p *unstable.Parser) {
	e := p.Expression()
	if e.Kind == unstable.Comment {
		return
	}
	b.comment(e.Next())
	keys := keysOf(e)
	last := keys[len(keys)-1].Raw
	b.done = int(last.Offset + last.Length)
	switch e.Kind {
	case unstable.KeyValue:
		b.done = int(e.Raw.Offset + e.Raw.Length)
		b.value(b.table, e)
	default:
		b.header(e, keys)
	}
}

// comment notes where a comment is, if it is one.
func (b *builder) comment(n *unstable.Node) bool {
	if !n.Valid() || n.Kind != unstable.Comment {
		return false
	}
	from, to := span(n)
	b.comments = append(b.comments, place{from, to})
	return true
}

// keysOf returns the parts of a key.
func keysOf(e *unstable.Node) (keys []*unstable.Node) {
	for it := e.Key(); it.Next(); {
		keys = append(keys, it.Node())
	}
	return keys
}

// header takes [a.b] or [[a.b]].
func (b *builder) header(e *unstable.Node, keys []*unstable.Node) {
	parent := b.descend(b.root, keys)
	if parent == nil {
		return
	}
	key := keys[len(keys)-1]
	n := parent.child(string(key.Data))
	if n == nil {
		n = b.put(parent, key, e.Kind)
	}
	switch {
	case e.Kind == unstable.ArrayTable && n.kind == unstable.ArrayTable:
		element := &node{kind: unstable.Table, parent: n, index: map[string]*node{}}
		element.keyAt, element.keyEnd = span(key)
		element.at, element.end = element.keyAt, element.keyEnd
		n.children = append(n.children, element)
		b.table = element
	case n.kind != e.Kind || n.closed:
		b.twice(key, n)
	default:
		n.keyAt, n.keyEnd = span(key)
		n.at, n.end, n.closed = n.keyAt, n.keyEnd, true
		b.table = n
	}
}

// value takes a key and its value.
func (b *builder) value(table *node, e *unstable.Node) {
	keys := keysOf(e)
	table = b.descend(table, keys)
	if table == nil {
		return
	}
	key := keys[len(keys)-1]
	if before := table.child(string(key.Data)); before != nil {
		b.twice(key, before)
		return
	}
	n := b.put(table, key, e.Value().Kind)
	n.closed = true
	n.at, n.end = b.valueAt(n.keyEnd), int(e.Raw.Offset+e.Raw.Length)
	b.fill(n, e.Value())
}

// valueAt returns where the value of a key begins, which the parser tells of
// single values alone.
func (b *builder) valueAt(keyEnd int) int {
	rest := bytes.TrimLeft(b.text[keyEnd:], " \t")
	rest = bytes.TrimLeft(bytes.TrimPrefix(rest, []byte("=")), " \t")
	return len(b.text) - len(rest)
}

// fill puts what is in a value into its node.
func (b *builder) fill(n *node, v *unstable.Node) {
	switch v.Kind {
	case unstable.InlineTable:
		n.kind, n.index = unstable.Table, map[string]*node{}
		for it := v.Children(); it.Next(); {
			if !b.comment(it.Node()) && b.fault == nil {
				b.value(n, it.Node())
			}
		}
	case unstable.Array:
		for it := v.Children(); it.Next(); {
			b.element(n, it.Node())
		}
	default:
		n.content = string(v.Data)
	}
}

// element takes a value of a list.
func (b *builder) element(list *node, v *unstable.Node) {
	if b.comment(v) {
		return
	}
	n := &node{kind: v.Kind, parent: list, closed: true, at: list.at, end: list.end}
	if v.Raw.Length > 0 {
		n.at, n.end = span(v)
	}
	n.keyAt, n.keyEnd = n.at, n.end
	list.children = append(list.children, n)
	b.fill(n, v)
}

// descend returns the table that holds the last part of a key, or nil when
// there was a fault.
func (b *builder) descend(table *node, keys []*unstable.Node) *node {
	depth := len(keys)
	for n := table; n.parent != nil; n = n.parent {
		depth++
	}
	if depth > maxDepth {
		b.refuse(keys[0], bareOrQuoted(string(keys[0].Data)), "no such key: it has too many parts", "")
		return nil
	}
	for _, key := range keys[:len(keys)-1] {
		next := table.child(string(key.Data))
		switch {
		case next == nil:
			next = b.put(table, key, unstable.Table)
		case next.kind == unstable.ArrayTable:
			next = next.children[len(next.children)-1]
		case !next.isTable():
			b.refuse(key, next.path(), "is a value above, and cannot be a table as well", "remove one of them")
			return nil
		}
		table = next
	}
	return table
}

// put adds a node without a value to a table.
func (b *builder) put(table *node, key *unstable.Node, kind unstable.Kind) *node {
	if len(table.children) == maxKeys {
		b.refuse(key, table.path(), "holds more than 20000 keys", "is it the right file?")
	}
	n := &node{kind: kind, name: string(key.Data), parent: table}
	n.keyAt, n.keyEnd = span(key)
	n.at, n.end = n.keyAt, n.keyEnd
	if kind == unstable.Table {
		n.index = map[string]*node{}
	}
	table.children = append(table.children, n)
	table.index[n.name] = n
	return n
}

// twice says that a key was there before.
func (b *builder) twice(key *unstable.Node, before *node) {
	line, _ := position(b.text, before.keyAt)
	b.refuse(key, before.path(), "is there twice: first in line "+strconv.Itoa(line), "remove one of them")
}

// refuse keeps the first fault, at a key.
func (b *builder) refuse(key *unstable.Node, path, reason, advice string) {
	if b.fault != nil {
		return
	}
	at, end := span(key)
	b.fault = &Error{Key: path, Reason: reason, Advice: advice}
	b.fault.Line, b.fault.Column = position(b.text, at)
	b.fault.Excerpt = lineExcerpt(b.text, at, at, end)
}

func span(n *unstable.Node) (from, to int) {
	return int(n.Raw.Offset), int(n.Raw.Offset + n.Raw.Length)
}
