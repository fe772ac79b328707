//go:build !race

package worker

const (
	raceEnabled = false
	testMemory  = 128 << 20
)
