//go:build !linux && !darwin

package doctor

// freeRoom is not known here.
func freeRoom(string) (octets uint64, known bool) { return 0, false }
