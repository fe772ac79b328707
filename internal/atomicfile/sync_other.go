//go:build !linux

package atomicfile

import (
	"errors"
	"os"
)

// syncsAll: sync(2) elsewhere may return before anything is written.
func syncsAll() bool { return false }

func syncAll(*os.File) error { return errors.ErrUnsupported }
