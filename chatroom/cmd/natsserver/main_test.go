package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli/clitest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestTwoProcessesShareTheirRooms(t *testing.T) {
	nats, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	require.NoError(t, err)
	nats.Start()
	defer nats.WaitForShutdown()
	defer nats.Shutdown()
	require.True(t, nats.ReadyForConnections(10*time.Second))
	config := write(t, fmt.Sprintf("nats = [%q]\nname = \"a\"\n", nats.ClientURL()))

	one, stopOne := clitest.Start(t, run, "-config", config, "-addr", "127.0.0.1:0")
	two, stopTwo := clitest.Start(t, run, "-config", config, "-addr", "127.0.0.1:0")
	ann, err := chatroom.Dial(t.Context(), one, chatroom.Join{Nick: "ann"})
	require.NoError(t, err)
	defer ann.Close()
	bob, err := chatroom.Dial(t.Context(), two, chatroom.Join{Nick: "bob"})
	require.NoError(t, err)
	defer bob.Close()
	require.Equal(t, []string{"ann", "bob"}, bob.Welcome.People)
	require.Equal(t, "a", bob.Welcome.Server)
	require.NoError(t, ann.Send("hello"))
	m, err := bob.Receive()
	require.NoError(t, err)
	require.Equal(t, "ann: hello", m.String())

	res := stopOne()
	require.Equal(t, 0, res.Status)
	require.NotContains(t, res.Stderr, "hello", "logs hold no message text")
	require.Equal(t, 0, stopTwo().Status)
}

func TestNatsserverSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name       string
		args       []string
		wantStatus int
		wantStderr string
	}{
		{"no configuration", nil, 2, "-config is missing; usage: natsserver -config FILE"},
		{"an argument too many", []string{"9999"}, 2, `unexpected argument "9999"; usage: natsserver`},
		{"a configuration without NATS", []string{"-config", write(t, "")}, 1, `names no NATS servers; add nats = ["nats://127.0.0.1:4222"], or run cmd/server`},
		{"NATS that does not answer", []string{"-config", write(t, `nats = ["nats://127.0.0.1:1"]`)}, 1, "start nats-server -js first"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			res := clitest.Do(t, run, tt.args...)
			require.Equal(t, tt.wantStatus, res.Status)
			require.Contains(t, res.Stderr, tt.wantStderr)
		})
	}
}

func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "chat.toml")
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
