package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/filetransfer/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestDemoComparesBothEndsAndShowsWhatIsLost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "文件.txt")
	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o666))
	res := clitest.Do(t, run, path)
	require.Equal(t, 0, res.Status, res.Stderr)
	require.Contains(t, res.Stdout, "文件.txt to 127.0.0.1:")
	require.Contains(t, res.Stdout, ": 3 bytes in ")
	require.Equal(t, 2, strings.Count(res.Stdout, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
	require.Contains(t, res.Stdout, `saved: "c.txtCONTENT", 0 bytes`)
	require.Contains(t, res.Stdout, `saved: "half.txt", 5 bytes`)
	require.Contains(t, res.Stdout, `saved: "c.txt", 7 bytes`)
	require.Contains(t, res.Stdout, "saved: nothing")
	require.Regexp(t, `saved: "half.txt", 4980736 bytes,\n +of which [0-9]+ were there\n$`, res.Stdout)
	for line := range strings.Lines(res.Stdout) {
		require.LessOrEqual(t, utf8.RuneCountInString(line), 81, line)
	}
}

func TestDemoSendsTheREADMEThatGoWorkMarks(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{"go.work": "", "README.md": "the repository", "module/go.mod": "", "module/README.md": "the module"} {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o666))
	}
	t.Chdir(filepath.Join(root, "module"))
	require.Contains(t, clitest.Do(t, run).Stdout, ": 14 bytes in ")
	require.NoError(t, os.Remove(filepath.Join(root, "go.work")))
	require.Contains(t, clitest.Do(t, run).Stdout, ": 10 bytes in ")
}

func TestDemoLeavesNothingBehindThoughNobodyReadsItsOutput(t *testing.T) {
	path, temp := filepath.Join(t.TempDir(), "a.txt"), t.TempDir()
	require.NoError(t, os.WriteFile(path, []byte("abc"), 0o666))
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp) // its name on Windows
	r, stdout := io.Pipe()
	require.NoError(t, r.Close())
	require.NoError(t, run(t.Context(), []string{path}, nil, stdout, io.Discard))
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestDemoSaysWhatIsWrong(t *testing.T) {
	res := clitest.Do(t, run, "a", "b")
	require.Equal(t, 2, res.Status)
	require.Contains(t, res.Stderr, `unexpected argument "b"; usage: demo [FILE]`)
	res = clitest.Do(t, run, filepath.Join(t.TempDir(), "missing.txt"))
	require.Equal(t, 1, res.Status)
	require.Contains(t, res.Stderr, "missing.txt")
}
