//go:build !unix

package deliver

import "os/exec"

// ownGroup: elsewhere only the command itself is killed.
func ownGroup(cmd *exec.Cmd) { cmd.Dir = "" }
