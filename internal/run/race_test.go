//go:build race

package run

// raceEnabled means that everything takes some ten times as long.
const raceEnabled = true
