//go:build race

package jobs

// The race detector makes SQLite, which is Go here, ten times slower.
func init() { accounts = 40 }
