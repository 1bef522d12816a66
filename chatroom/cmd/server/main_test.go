package main

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerServesUntilCtrlC(t *testing.T) {
	addr, stop := clitest.Start(t, run, "-config", "../../chatroom.example.toml", "-addr", "127.0.0.1:0")
	ann, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: "ann"})
	require.NoError(t, err)
	require.NoError(t, ann.Send("hello"))
	m, err := ann.Receive()
	require.NoError(t, err)
	require.Equal(t, "ann: hello", m.String())
	require.NoError(t, ann.Close())

	res := stop()
	require.Equal(t, 0, res.Status)
	require.Equal(t, "the page is at http://"+addr+"/\n", res.Stdout)
	require.Contains(t, res.Stderr, "msg=connected nick=ann")
	require.NotContains(t, res.Stderr, "hello")
}

func TestServerListensWhereTheConfigurationSays(t *testing.T) {
	config := filepath.Join(t.TempDir(), "chat.toml")
	require.NoError(t, os.WriteFile(config, []byte(`addr = "127.0.0.1:0"`), 0o600))
	_, stop := clitest.Start(t, run, "-config", config)
	require.Equal(t, 0, stop().Status)
}

func TestServerSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	wrong := filepath.Join(t.TempDir(), "chat.toml")
	require.NoError(t, os.WriteFile(wrong, []byte("\ncolour = 1\n"), 0o600))
	nats := filepath.Join(t.TempDir(), "nats.toml")
	require.NoError(t, os.WriteFile(nats, []byte(`nats = ["nats://127.0.0.1:4222"]`), 0o600))
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"a flag that it has not", []string{"-port", "1"}, 2, "flag provided but not defined: -port; usage: server [-config FILE]"},
		{"an argument too many", []string{"9999"}, 2, `unexpected argument "9999"; usage: server`},
		{"a port in use", []string{"-addr", taken.Addr().String()}, 1, "stop the other server or choose another port with -addr"},
		{"a configuration that is not there", []string{"-config", "none.toml"}, 1, "check the name, and the folder you are in"},
		{"a configuration that names NATS servers", []string{"-config", nats}, 1, "names NATS servers, which this program does not know; run cmd/natsserver"},
		{"a configuration with an unknown key", []string{"-config", wrong}, 1, `chat.toml:2: unknown key "colour"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}
