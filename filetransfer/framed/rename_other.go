//go:build !linux && !darwin

package framed

import "os"

// renameNew moves a temporary file to the path to. It fails with fs.ErrExist
// where anything has that name.
func (s *store) renameNew(temp string, _ *os.File, to string) error {
	return s.renameByLink(temp, to)
}
