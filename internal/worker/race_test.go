//go:build race

package worker

// The race detector needs several times the memory of what it watches.
const (
	raceEnabled = true
	testMemory  = 1 << 30
)
