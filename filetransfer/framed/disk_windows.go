package framed

import (
	"os"

	"golang.org/x/sys/windows"
)

// freeSpace returns how many bytes the file system of dir can still take.
func freeSpace(dir *os.File) (free int64, err error) {
	path, err := windows.UTF16PtrFromString(dir.Name())
	if err != nil {
		return 0, err
	}
	var bytes uint64
	err = windows.GetDiskFreeSpaceEx(path, &bytes, nil, nil)
	return int64(bytes), err
}

// lockFile holds file until this process ends or closes it. It fails at once
// if another holds it.
func lockFile(file *os.File) error {
	return windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &windows.Overlapped{})
}
