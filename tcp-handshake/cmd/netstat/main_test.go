package main

import (
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/tcp-handshake/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNetstatShowsOnePort(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	res := clitest.Do(t, run, "-port", strconv.Itoa(ln.Addr().(*net.TCPAddr).Port))
	require.Equal(t, 0, res.Status, res.Stderr)
	lines := strings.Split(strings.TrimSpace(res.Stdout), "\n")
	require.Equal(t, []string{"local", "remote", "state"}, strings.Fields(lines[0]))
	require.Equal(t, []string{ln.Addr().String(), "0.0.0.0:0", "LISTEN"}, strings.Fields(lines[1]))
}

func TestNetstatSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStderr string
	}{
		{"no number", []string{"-port", "http"}, `invalid value "http" for flag -port`},
		{"no port", []string{"-port", "65536"}, "-port 65536: must be 0 to 65535"},
		{"the port without its flag", []string{"9001"}, `unexpected argument "9001"; usage: netstat [-port N]`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, 2, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
