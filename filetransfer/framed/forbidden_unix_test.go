//go:build unix

package framed_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer/framed"
)

func TestAFolderThatMayNotBeWrittenIsTold(t *testing.T) {
	t.Parallel()
	if os.Getuid() == 0 { // to whom nothing is forbidden
		asNobody(t)
		return
	}
	from := t.TempDir()
	tree{"x/": "drwxr-xr-x", "x/a": "A"}.make(t, from)
	recv := serve(t, framed.Receiver{})
	tree{"x/": "dr-xr-xr-x"}.make(t, recv.dir)
	require.ErrorContains(t, recv.send(t, filepath.Join(from, "x")), "permission denied")
	requireTree(t, tree{"x/": "drwxr-xr-x"}, recv.dir) // the folder itself is its owner's
}

// asNobody runs the test in a process of a user who owns nothing but a folder
// for its files.
func asNobody(t *testing.T) {
	t.Helper()
	const nobody = 65534
	home := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(home), 0o711)) // the way there
	require.NoError(t, os.Chown(home, nobody, nobody))
	self, err := os.ReadFile(os.Args[0])
	require.NoError(t, err)
	program := filepath.Join(home, "test") // where it was built, nobody may not look
	require.NoError(t, os.WriteFile(program, self, 0o755))
	cmd := exec.CommandContext(t.Context(), program, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir, cmd.Env = home, append(os.Environ(), "TMPDIR="+home)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: "+t.Name())
}
