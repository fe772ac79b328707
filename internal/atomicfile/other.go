//go:build !unix

package atomicfile

import "os"

// syncDir: on Windows a folder cannot be synced; NTFS keeps a journal of names.
func syncDir(string) error { return nil }

func lockDir(string) (func() error, error) { return func() error { return nil }, nil }

// lock: locks on Windows keep others from reading, too.
func lock(*os.File) error { return nil }

func unlock(*os.File) error { return nil }
