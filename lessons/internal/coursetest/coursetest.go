// Package coursetest gives a test a working copy of the course of its own, as
// a student has it.
package coursetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Copy copies what lesson 6 needs from the course at root to dir: the exercise
// with all it uses, and its demo.
func Copy(t testing.TB, root, dir string) {
	t.Helper()
	for _, from := range []string{
		"go.work.sum", "lessons/go.mod", "lessons/go.sum", "lessons/internal/check", "lessons/06-udp-client-server",
		"netlab/go.mod", "netlab/go.sum", "udp-echo", ".gitignore",
	} {
		to := filepath.Join(dir, from)
		require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
		info, err := os.Stat(filepath.Join(root, from))
		require.NoError(t, err)
		if info.IsDir() {
			require.NoError(t, os.CopyFS(to, os.DirFS(filepath.Join(root, from))))
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, from))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to, text, 0o644))
	}
	work, err := os.ReadFile(filepath.Join(root, "go.work"))
	require.NoError(t, err)
	version, _, _ := strings.Cut(string(work), "\n")
	work = []byte(version + "\n\nuse (\n\t./lessons\n\t./netlab\n\t./udp-echo\n)\n")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.work"), work, 0o644))

	// The exercise as it is shipped, whatever the one who runs this test made of it.
	exercise := filepath.Join(dir, "lessons", "06-udp-client-server")
	shipped, err := os.ReadFile(filepath.Join(exercise, "testdata", "start", "exercise.go"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(exercise, "exercise.go"), shipped, 0o644))
	mine, err := filepath.Glob(filepath.Join(exercise, "exercise.mine-*.txt"))
	require.NoError(t, err)
	for _, name := range mine {
		require.NoError(t, os.Remove(name))
	}
}
