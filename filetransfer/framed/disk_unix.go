//go:build linux || darwin

package framed

import (
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace returns how many bytes the file system of dir can still take.
func freeSpace(dir *os.File) (int64, error) {
	var stat unix.Statfs_t
	err := unix.Fstatfs(int(dir.Fd()), &stat)
	return int64(stat.Bavail) * int64(stat.Bsize), err
}

// lockFile holds file until this process ends or closes it. It fails at once
// if another holds it.
func lockFile(file *os.File) error {
	return unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
