package main

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	udpecho "example.com/netlessons/udp-echo"
	"example.com/netlessons/udp-echo/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerAnswersUntilCtrlC(t *testing.T) {
	addr, stop := clitest.Start(t, run, "-addr", "127.0.0.1:0", "-v")
	conn, err := udpecho.Dial(addr)
	require.NoError(t, err)
	defer conn.Close()
	answer, err := udpecho.Ask(conn, []byte("hello"), 10*time.Second)
	require.NoError(t, err)
	require.Equal(t, "hello", string(answer))

	res := stop()
	require.Equal(t, 0, res.Status)
	require.Contains(t, res.Stderr, "msg=datagram client="+conn.LocalAddr().String()+" bytes=5")
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"a flag that it has not", []string{"-prot", "1"}, 2, "flag provided but not defined: -prot; usage: server [-addr HOST:PORT]"},
		{"an argument too many", []string{"9006"}, 2, `unexpected argument "9006"; usage: server`},
		{"a limit over the largest payload", []string{"-limit", "65508"}, 2, "-limit 65508: must be 0 to 65507"},
		{"a port in use", []string{"-addr", taken.LocalAddr().String()}, 1, "stop the other server or choose another port with -addr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
