// Package systemd talks with systemd, as a service does that it started, and
// writes the unit and timer files for it. It connects to nothing else, installs
// nothing, and runs nothing.
package systemd
