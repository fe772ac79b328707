package notice

import (
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

// How much somebody is told: of one thing once an hour, and little in all.
const (
	window     = time.Hour
	mostWithin = 20
)

// A Gate keeps somebody from being flooded: within an hour it lets through one
// notice of a kind of a job and account, and 20 in all. It counts the others,
// and the next that it lets through says how many there were. There is one for
// each receiver; the zero value is ready, and may be used by several goroutines
// at once. It holds no more than those 20, whatever comes.
type Gate struct {
	mu      sync.Mutex
	through []passage
	held    int // back, and not yet told
}

// A passage is a notice that was let through.
type passage struct {
	of [sha256.Size]byte
	at time.Time
}

// Pass reports whether a notice may be told now, and returns it with More set.
// Where the clock was set back, an hour counts from its new time.
func (g *Gate) Pass(n Notice, now time.Time) (Notice, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	of := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", n.Kind, n.Job, n.Account))
	before := false
	kept := g.through[:0]
	for _, p := range g.through {
		if p.at.After(now) {
			p.at = now
		}
		if now.Sub(p.at) < window {
			kept = append(kept, p)
			before = before || p.of == of
		}
	}
	g.through = kept
	if before || len(g.through) >= mostWithin {
		g.held++
		return n, false
	}
	g.through = append(g.through, passage{of, now})
	n.More, g.held = g.held, 0
	return n, true
}

// Lost takes back a notice that was let through and could then not be told: it
// is counted with those held back, and its hour goes on.
func (g *Gate) Lost(n Notice) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held += 1 + n.More
}
