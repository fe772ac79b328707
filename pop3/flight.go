package pop3

// A flight is what was sent and is not answered, in order.
type flight struct {
	ring   []*entry // of which the first are gone
	gone   int
	octets int64 // expected
	fences int
}

func (f *flight) len() int      { return len(f.ring) - f.gone }
func (f *flight) all() []*entry { return f.ring[f.gone:] }
func (f *flight) last() *entry  { return f.ring[len(f.ring)-1] }

// commands counts what the server owes answers to.
func (f *flight) commands() int { return f.len() + f.fences }

func (f *flight) holdsAlone() bool { return f.len() == 1 && f.last().alone }

func (f *flight) push(e *entry) {
	if f.gone > 0 && len(f.ring) == cap(f.ring) {
		n := copy(f.ring, f.ring[f.gone:])
		clear(f.ring[n:])
		f.ring, f.gone = f.ring[:n], 0
	}
	f.ring = append(f.ring, e)
	f.octets += e.cost
}

func (f *flight) pop() *entry {
	e := f.ring[f.gone]
	f.ring[f.gone] = nil
	f.gone++
	f.octets -= e.cost
	if f.gone == len(f.ring) {
		f.ring, f.gone = f.ring[:0], 0
	}
	return e
}
