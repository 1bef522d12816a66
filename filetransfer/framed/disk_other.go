//go:build !linux && !darwin && !windows

package framed

import (
	"errors"
	"os"
)

// freeSpace does not know how this system tells it.
func freeSpace(*os.File) (int64, error) { return 0, errors.ErrUnsupported }

// lockFile does not know how this system locks: start only one receiver in a
// folder.
func lockFile(*os.File) error { return nil }
