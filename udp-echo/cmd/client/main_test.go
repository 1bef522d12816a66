package main

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	udpecho "example.com/netlessons/udp-echo"
	"example.com/netlessons/udp-echo/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientPrintsEachAnswer(t *testing.T) {
	server, err := udpecho.Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- udpecho.Serve(ctx, server, udpecho.MaxPayload, slog.New(slog.DiscardHandler)) }()

	res := clitest.Do(t, run, "-addr", server.LocalAddr().String(), "hello", "", "你好")
	require.Equal(t, clitest.Result{Stdout: "hello\n\n你好\n"}, res)

	cancel()
	require.NoError(t, <-done)
}

func TestClientSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"nothing to send", nil, 2, "nothing to send; usage: client [-addr HOST:PORT] [-timeout 2s] TEXT ..."},
		{"a timeout that is none", []string{"-timeout", "soon", "hello"}, 2, `invalid value "soon" for flag -timeout`},
		{"an address without a port", []string{"-addr", "127.0.0.1", "hello"}, 1, "missing port in address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
