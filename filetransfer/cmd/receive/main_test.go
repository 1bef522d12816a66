package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestReceiveSavesUntilCtrlC(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	addr, stop := clitest.Start(t, run, "-addr", "127.0.0.1:0", "-dir", dir)
	path := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(path, []byte("content"), 0o666))
	_, err := filetransfer.Send(t.Context(), addr, path, 10*time.Second)
	require.NoError(t, err)
	content, err := os.ReadFile(filepath.Join(dir, "a.txt"))
	require.NoError(t, err)
	require.Equal(t, "content", string(content))

	res := stop()
	require.Equal(t, 0, res.Status)
	require.Contains(t, res.Stderr, "saved=a.txt bytes=7")
}

func TestReceiveSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"a flag that it has not", []string{"-folder", "x"}, 2, "flag provided but not defined: -folder; usage: receive [-addr HOST:PORT] [-dir DIR]"},
		{"an argument too many", []string{"x"}, 2, `unexpected argument "x"; usage: receive`},
		{"a port in use", []string{"-addr", taken.Addr().String()}, 1, "stop the other server or choose another port with -addr"},
		{"a folder that is a file", []string{"-addr", "127.0.0.1:0", "-dir", file}, 1, "a.txt: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
