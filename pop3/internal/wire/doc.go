// Package wire frames POP3: octets to lines, status indicators and dot-stuffed
// text, and back. It knows no commands, no network and no time; every length
// is bounded by its caller, none by what a peer announces.
package wire
