package worker

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// spare is how much garbage may gather before it is collected, however little
// is in use. A script that passes over many messages makes much garbage with a
// few megabytes in use: collecting at twice those would be a fifth of its time.
const spare = 6 << 20

// A pacer is garbage itself, so that each collection finds it.
type pacer struct {
	percent int
	_       [16]byte // smaller objects share one, and are not found one by one
}

// pace sets, after each collection, when the next is due: once as much as is in
// use has come to be garbage, but not before spare.
func pace() { new(pacer).renew() }

func (p *pacer) renew() {
	runtime.SetFinalizer(p, func(p *pacer) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		// At most 300: what is in use may grow before the next look.
		percent := min(max(100, int(spare*100/max(live[0].Value.Uint64(), 1))), 300)
		if percent != p.percent {
			debug.SetGCPercent(percent)
		}
		(&pacer{percent: percent}).renew()
	})
}
