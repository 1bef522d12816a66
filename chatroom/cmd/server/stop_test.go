package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/internal/cli"
)

// The test's binary is the server too, as a process of its own.
func init() {
	if os.Getenv("CHATROOM_TEST_SERVER") != "" {
		cli.Main(run)
	}
}

func TestSIGTERMTellsEachOfFiveHundredClients(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Windows has no SIGTERM")
	}
	const clients = 500
	config := filepath.Join(t.TempDir(), "chat.toml")
	require.NoError(t, os.WriteFile(config, []byte("addr = \"127.0.0.1:0\"\nconnections_per_address = 1000\n"), 0o600))
	self, err := os.Executable()
	require.NoError(t, err)
	server := exec.Command(self, "-config", config)
	server.Env = append(os.Environ(), "CHATROOM_TEST_SERVER=1")
	out, err := server.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, server.Start())
	defer server.Process.Kill()
	var addr string
	_, err = fmt.Fscanf(out, "listening on %s\n", &addr)
	require.NoError(t, err)

	var told sync.WaitGroup
	codes := make([]int, clients)
	for i := range clients {
		conn, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: fmt.Sprint("client-", i)})
		require.NoError(t, err)
		timer := time.AfterFunc(30*time.Second, func() { conn.Close() })
		told.Go(func() {
			defer timer.Stop()
			defer conn.Close()
			for {
				if _, err := conn.Receive(); err != nil {
					if closed, ok := err.(*websocket.CloseError); ok {
						codes[i] = closed.Code
					}
					return
				}
			}
		})
	}
	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	told.Wait()
	require.NoError(t, server.Wait(), "exit status 0")
	require.Equal(t, strings.Repeat("1001 ", clients), strings.Trim(fmt.Sprint(codes), "[]")+" ")
}
