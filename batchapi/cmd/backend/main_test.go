package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/batchapi/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestBackendAnswersUntilCtrlC(t *testing.T) {
	addr, stop := clitest.Start(t, run, "-addr", "127.0.0.1:0", "-delay", "1ms")
	resp, err := http.Get("http://" + addr + "/42")
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, "answer to /42", string(body))

	require.Equal(t, clitest.Result{}, stop())
}

func TestBackendSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"a delay that lies in the past", []string{"-delay", "-1s"}, 2, "-delay -1s: must be 0 to 30s; usage: backend [-addr HOST:PORT] [-delay 700ms]"},
		{"an argument too many", []string{"9011"}, 2, `unexpected argument "9011"`},
		{"an address without a port", []string{"-addr", "127.0.0.1"}, 1, "missing port in address"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
