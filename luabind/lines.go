package luabind

import (
	"bytes"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// lineTexts collects a text as it arrives, for a Lua table of its lines. It
// keeps pieces of whole lines, and each line is a slice of its piece: the only
// garbage is line ends, and a script that keeps one line keeps one piece of 64
// KiB and not the whole message.
type lineTexts struct {
	octets int64
	count  int      // lines in pieces
	pieces []string // each ends with a line end
	rest   []byte   // the start of a line whose end has not arrived
}

// pieceSize is about what a wire reader gives at once.
const pieceSize = 64 << 10

// Write takes the next octets. It never fails.
func (t *lineTexts) Write(p []byte) (int, error) {
	t.octets += int64(len(p))
	for rest := p; len(rest) > 0; {
		n := min(len(rest), pieceSize)
		t.add(rest[:n])
		rest = rest[n:]
	}
	return len(p), nil
}

// add takes one piece of octets, which may begin and end within lines.
func (t *lineTexts) add(p []byte) {
	whole := bytes.LastIndexByte(p, '\n') + 1
	if whole == 0 {
		t.rest = append(t.rest, p...)
		return
	}
	t.count += bytes.Count(p[:whole], []byte{'\n'})
	start := 0
	if len(t.rest) > 0 {
		start = bytes.IndexByte(p, '\n') + 1
		t.pieces = append(t.pieces, string(append(t.rest, p[:start]...)))
	}
	if start < whole {
		t.pieces = append(t.pieces, string(p[start:whole]))
	}
	t.rest = append(t.rest[:0], p[whole:]...)
}

// table makes the table of all lines, split as poplib splits. It is filled by
// Append, since RawSetInt would file what passes MaxArrayIndex where # does not
// see it.
func (t *lineTexts) table(L *lua.LState) *lua.LTable {
	if len(t.rest) > 0 { // not from a server, whose texts end with CR LF
		t.add([]byte{'\n'})
	}
	table := L.CreateTable(t.count, 0)
	for _, piece := range t.pieces {
		for piece != "" {
			end := strings.IndexByte(piece, '\n') + 1
			table.Append(lua.LString(trimEnd(piece[:end])))
			piece = piece[end:]
		}
	}
	return table
}

// trimEnd removes a line's end as poplib does: CR LF, or LF and then a CR that
// the line begins with.
func trimEnd(line string) string {
	if strings.HasSuffix(line, "\r\n") {
		return line[:len(line)-2]
	}
	return strings.TrimPrefix(line[:len(line)-1], "\r")
}
