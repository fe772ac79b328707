package secret

// ForbidCore keeps this program's memory, in which secrets are, from being
// written to a file when it crashes, and on Linux from being read by the same
// user's other programs. What it starts does so again for itself. Where the
// system has no such thing, nothing happens.
func ForbidCore() { forbidCore() }
