package main

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	tcphandshake "example.com/netlessons/tcp-handshake"
	"example.com/netlessons/tcp-handshake/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerAnswersUntilCtrlC(t *testing.T) {
	addr, stop := clitest.Start(t, run, "-addr", "127.0.0.1:0")
	conn, err := tcphandshake.Dial(t.Context(), addr)
	require.NoError(t, err)
	answer, err := tcphandshake.Echo(t.Context(), conn, []byte("hello"))
	require.NoError(t, err)
	require.Equal(t, "hello", string(answer))
	require.Equal(t, clitest.Result{}, stop())
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"an argument too many", []string{"9001"}, 2, `unexpected argument "9001"; usage: server [-addr HOST:PORT]`},
		{"an address without a port", []string{"-addr", "localhost"}, 1, "missing port in address"},
		{"a port in use", []string{"-addr", taken.Addr().String()}, 1, "stop the other server or choose another port with -addr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
