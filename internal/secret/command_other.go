//go:build !unix

package secret

import "os/exec"

// ownSession: elsewhere only the command itself is killed.
func ownSession(cmd *exec.Cmd) { cmd.Dir = "" }
