package main

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSendSendsEveryFileThatItCan(t *testing.T) {
	dir, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer dir.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- filetransfer.Serve(ctx, ln, dir, slog.New(slog.DiscardHandler)) }()

	here := t.TempDir()
	a, folder, missing, b := filepath.Join(here, "a.txt"), here, filepath.Join(here, "missing.txt"), filepath.Join(here, "b.txt")
	require.NoError(t, os.WriteFile(a, []byte("A"), 0o666))
	require.NoError(t, os.WriteFile(b, []byte("Bb"), 0o666))

	res := clitest.Do(t, run, "-addr", ln.Addr().String(), a, folder, missing, b)
	require.Equal(t, 1, res.Status)
	require.Equal(t, a+": 1 bytes sent\n"+b+": 2 bytes sent\n", res.Stdout)
	require.Contains(t, res.Stderr, folder+": not a regular file")
	require.Regexp(t, `command: .*missing.txt: .*; check the name, and the folder you are in\n`, res.Stderr)
	require.FileExists(t, filepath.Join(dir.Name(), "b.txt"))

	res = clitest.Do(t, run, "-addr", ln.Addr().String(), b)
	require.Equal(t, clitest.Result{Stdout: b + ": 2 bytes sent\n"}, res)

	cancel()
	require.NoError(t, <-done)
}

func TestSendSaysWhatIsWrong(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, ln.Close())
	file := filepath.Join(t.TempDir(), "a.txt")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"no file", nil, 2, "nothing to send; usage: send [-addr HOST:PORT] [-timeout 10s] FILE ..."},
		{"a timeout that is none", []string{"-timeout", "soon", file}, 2, `invalid value "soon" for flag -timeout`},
		{"a receiver that is not there", []string{"-addr", ln.Addr().String(), file}, 1, "start the server first, or give its address with -addr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
