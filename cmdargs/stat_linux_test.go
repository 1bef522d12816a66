package cmdargs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/cmdargs"
)

func TestDescribeSaysWhatToDoWhenAFolderMayNotBeEntered(t *testing.T) {
	locked := filepath.Join(t.TempDir(), "locked")
	require.NoError(t, os.Mkdir(locked, 0o755))
	path := filepath.Join(locked, "file")
	require.NoError(t, os.WriteFile(path, nil, 0o644))
	require.NoError(t, os.Chmod(locked, 0))
	t.Cleanup(func() { os.Chmod(locked, 0o755) })

	var out strings.Builder
	err := asNobody(func() error { return cmdargs.Describe(&out, path) })
	require.ErrorIs(t, err, fs.ErrPermission)
	require.ErrorContains(t, err, "a folder on the way may not be entered")
	require.Empty(t, out.String())
}

// asNobody runs f without root's right to enter every folder, should the test
// run as root: on a thread of its own, which ends with it.
func asNobody(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		const nobody = 65534
		if _, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, nobody, 0, 0); errno != 0 {
			done <- errno
			return
		}
		done <- f()
	}()
	return <-done
}
