//go:build !unix

package worker

// confine sets what limits there are without a kernel's help.
func (l Limits) confine() error {
	tame(l.Memory)
	go watchMemory(l.Memory, outOfMemory)
	return nil
}
