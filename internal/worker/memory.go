package worker

import (
	"runtime"
	"time"
)

// pollEvery is how often memory is looked at.
const pollEvery = 5 * time.Millisecond

// watchMemory calls over once this process holds more than limit octets, by
// Go's own count, and returns. It is for systems whose kernel does not do it.
// (Package runtime/metrics would stop nothing to look, but takes 0.5 ms of every
// start.)
func watchMemory(limit int64, over func()) {
	var held runtime.MemStats
	for range time.Tick(pollEvery) {
		runtime.ReadMemStats(&held)
		if held.Sys-held.HeapReleased > uint64(limit) {
			over()
			return
		}
	}
}

// outOfMemory ends this process as Go's runtime does when the kernel has no
// more, so that the supervisor knows one way only.
func outOfMemory() {
	println(outOfMemoryLine) // the builtin: it writes on the crash pipe, and allocates nothing
	endSelf()
}
