package framed

import (
	"errors"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// renameNew moves a temporary file to the path to, whose folder is parent, in
// one step. It fails with fs.ErrExist where anything has that name.
func (s *store) renameNew(temp string, parent *os.File, to string) error {
	err := unix.RenameatxNp(int(s.tmpDir.Fd()), temp, int(parent.Fd()), path.Base(to), unix.RENAME_EXCL)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) { // not every file system can
		return s.renameByLink(temp, to)
	}
	if err != nil {
		return &os.LinkError{Op: "rename", Old: temp, New: to, Err: err}
	}
	return nil
}
