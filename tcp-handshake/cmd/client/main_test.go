package main

import (
	"context"
	"log/slog"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientPrintsWhatComesBack(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tcphandshake.Serve(ctx, ln, slog.New(slog.DiscardHandler)) }()

	res := clitest.Do(t, run, "-addr", ln.Addr().String(), "hello", "你好")
	require.Equal(t, clitest.Result{Stdout: "hello 你好\n"}, res)

	cancel()
	require.NoError(t, <-done)
}

func TestClientSaysWhatIsWrong(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connects, but nobody accepts
	require.NoError(t, err)
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"nothing to send", nil, 2, "nothing to send; usage: client [-addr HOST:PORT] [-timeout 5s] TEXT ..."},
		{"no server", []string{"-addr", closed.Addr().String(), "hello"}, 1, "start the server first, or give its address with -addr"},
		{"no answer", []string{"-addr", silent.Addr().String(), "-timeout", "1ms", "hello"}, 1, "no answer from " + silent.Addr().String() + " within 1ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
