package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/batchapi"
	"example.com/netlessons/batchapi/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerAnswersUntilCtrlC(t *testing.T) {
	backend := httptest.NewServer(batchapi.Backend(0))
	defer backend.Close()
	addr, stop := clitest.Start(t, run, "-addr", "127.0.0.1:0", "-service", "users="+backend.URL, "-service", "stock="+backend.URL)
	calls, err := os.Open("../../calls.json") // the batch of the README
	require.NoError(t, err)
	defer calls.Close()
	resp, err := http.Post("http://"+addr+"/batch", "application/json", calls)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.JSONEq(t, `[
		{"status":200,"body":"answer to /1"},
		{"status":200,"body":"answer to /2"},
		{"status":200,"body":"answer to /3"},
		{"error":"no service \"orders\"; the gateway calls only those in its configuration"}
	]`, string(body))

	require.Equal(t, clitest.Result{}, stop())
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	const users = "users=http://127.0.0.1:9011"
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"no service", nil, 2, "no service to call; name one with -service; usage: server [-addr HOST:PORT] -service NAME=URL"},
		{"a service without an address", []string{"-service", "users"}, 2, `invalid value "users" for flag -service: want NAME=URL, for example users=http://127.0.0.1:9011`},
		{"an argument too many", []string{"-service", users, "9010"}, 2, `unexpected argument "9010"`},
		{"a limit that lets nothing run", []string{"-service", users, "-limit", "0"}, 2, "-limit 0: must be 1 to 100"},
		{"no time at all", []string{"-service", users, "-timeout", "0s"}, 2, "-timeout 0s: must be over 0 and at most 30s"},
		{"too much time", []string{"-service", users, "-timeout", "31s"}, 2, "-timeout 31s: must be over 0 and at most 30s"},
		{"a port in use", []string{"-service", users, "-addr", taken.Addr().String()}, 1, "stop the other server or choose another port with -addr"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
