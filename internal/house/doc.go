// Package house holds no code, only the tests that keep the house rules:
// which package may import which, who opens a door to the outside, what is
// documented, how long a file may grow, and what may not be named as it likes.
// A rule is a function over a tree of files, so that a test can plant a fault
// of its kind in memory and see it reported.
package house
