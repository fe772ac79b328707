package luabind

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/popherd/popherd/pop3"
)

// A debugLog is what set_debuglevel turns on, one for each session. Lines are
// poplib's; secrets are replaced, and a message's content never shown.
type debugLog struct {
	level atomic.Int32 // a session may trace from a goroutine of its own
	w     io.Writer
}

// trace prints what was sent and received.
func (d *debugLog) trace(e pop3.TraceEvent) {
	level := d.level.Load()
	switch {
	case level < 1:
	case e.Sent:
		d.print("*cmd* " + pyQuote(e.Line))
		if level > 1 {
			d.print("*put* " + pyQuote(e.Line))
		}
	case level < 2:
	case e.Line == "" && e.Octets > 0:
		d.print(fmt.Sprintf("*get* %d octets", e.Octets))
	default:
		d.print("*get* " + pyQuote(e.Line))
		d.print("*resp* " + pyQuote(e.Line))
	}
}

// stat prints the drop listing as poplib prints the words of its line.
func (d *debugLog) stat(drop pop3.DropListing) {
	if d.level.Load() > 0 {
		d.print(fmt.Sprintf("*stat* ['+OK', '%d', '%d']", drop.Count, drop.Octets))
	}
}

func (d *debugLog) print(line string) {
	if d.w != nil {
		io.WriteString(d.w, line+"\n")
	}
}

// pyQuote quotes s as Python's repr does, controls escaped.
func pyQuote(s string) string {
	quoted := strconv.QuoteToASCII(s)
	quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	return "'" + strings.ReplaceAll(quoted, "'", `\'`) + "'"
}
