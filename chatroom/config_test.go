package chatroom_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/ws"
)

func TestTheExampleConfigurationShowsTheDefaults(t *testing.T) {
	got, err := chatroom.ReadConfig("chatroom.example.toml")
	require.NoError(t, err)
	want := chatroom.DefaultConfig()
	want.Room.Origins, want.NATS = []string{}, []string{}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestReadConfig(t *testing.T) {
	all := chatroom.Config{
		Addr: "[::1]:80", CountersAddr: "[::1]:81", Certificate: "cert.pem", Key: "key.pem", NATS: []string{"nats://a:4222"},
		Room: ws.Config{
			Name:    "a",
			Origins: []string{"https://a.example", "http://b.example:8080"}, Connections: 11, ConnectionsPerAddress: 12, Rooms: 13,
			MessageBytes: 1, MessagesPerSecond: 6, QueueMessages: 2, QueueBytes: 3000, HistoryMessages: 1, HistoryBytes: 1500,
			WriteTimeout: 4 * time.Second, PongTimeout: 5 * time.Minute,
		},
	}
	for _, tt := range []struct {
		name, file string
		want       chatroom.Config
	}{
		{"an empty file changes nothing", "", chatroom.DefaultConfig()},
		{"every key can be changed", `
			addr = "[::1]:80"
			counters_addr = "[::1]:81"
			certificate = "cert.pem"
			key = "key.pem"
			nats = ["nats://a:4222"]
			name = "a"
			connections = 11
			connections_per_address = 12
			rooms = 13
			history_messages = 1
			history_bytes = 1500
			origins = ["https://a.example", "http://b.example:8080"]
			message_bytes = 1
			messages_per_second = 6
			queue_messages = 2
			queue_bytes = 3_000
			write_timeout = "4s"
			pong_timeout = "5m"`, all},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := chatroom.ReadConfig(write(t, tt.file))
			require.NoError(t, err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("configuration (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadConfigNamesFileLineAndKey(t *testing.T) {
	for _, tt := range []struct {
		name, file, wantErr string
	}{
		{"an unknown key", "# colours\n\ncolour = 1\n", `chat.toml:3: unknown key "colour"; chatroom.example.toml shows all keys`},
		{"an unknown table", "\n[room]\nsize = 1\n", `chat.toml:2: unknown key "room"; chatroom`},
		{"an address without a port", "\naddr = \"127.0.0.1\"\n", "chat.toml:2: addr: address 127.0.0.1: missing port in address; write HOST:PORT"},
		{"a port that is none", "addr = \":65536\"\n", `chat.toml:1: addr: ":65536": the port must be 0 to 65535`},
		{"a duration that is none", "addr = \":1\"\n\n\npong_timeout = \"soon\"\n", `chat.toml:4: pong_timeout: "soon": write a duration such as "30s"`},
		{"a duration without a unit", "write_timeout = \"10\"\n", `chat.toml:1: write_timeout: "10": write a duration such as "30s"`},
		{"a duration too short", "write_timeout = \"1ms\"\n", "chat.toml:1: write_timeout: 1ms: must be 1s to 10m0s"},
		{"a number out of range", "queue_messages = 0\n", "chat.toml:1: queue_messages: 0: must be 1 to 65536"},
		{"counters for the whole network", "counters_addr = \":9998\"\n", `chat.toml:1: counters_addr: ":9998": what is there is for this machine only; write 127.0.0.1:PORT`},
		{"a certificate without its key", "\ncertificate = \"a.pem\"\n", "chat.toml:2: certificate: a certificate needs a key, and a key a certificate"},
		{"a key without its certificate", "key = \"a.pem\"\n", "chat.toml:1: key: a certificate needs"},
		{"a history that fills the queue of who joins", "history_messages = 200\n", "chat.toml:1: history_messages: 200: must be 0 to half of queue_messages, which is 256"},
		{"a queue that the default history fills", "queue_bytes = 65536\n", "chat.toml: history_bytes: 65536: must be 0 to half of queue_bytes, which is 65536"},
		{"a pace at which nothing may be said", "messages_per_second = 0\n", "chat.toml:1: messages_per_second: 0: must be 1 to 1000"},
		{"a value of another kind", "\nmessage_bytes = \"many\"\n", "chat.toml:2: message_bytes: toml: cannot decode TOML string"},
		{"an origin for everybody", "origins = [\"*\"]\n", `chat.toml:1: origins: "*": write an origin as https://chat.example.com`},
		{"an origin with a path", "origins = [\n\"https://a.example/\"]\n", `chat.toml:1: origins: "https://a.example/": write`},
		{"a key given twice", "addr = \":1\"\naddr = \":2\"\n", "chat.toml:2: addr: toml: key addr is already defined"},
		{"what is no TOML", "addr = \":1\"\naddr : 2\n", "chat.toml:2: toml: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := chatroom.ReadConfig(write(t, tt.file))
			require.ErrorContains(t, err, tt.wantErr)
			require.NotContains(t, err.Error(), "\n", "one line")
		})
	}
}

func TestReadConfigOfAMissingFile(t *testing.T) {
	_, err := chatroom.ReadConfig(filepath.Join(t.TempDir(), "none.toml"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, "none.toml")
}

func write(t *testing.T, content string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "chat.toml")
	require.NoError(t, os.WriteFile(path, []byte(strings.TrimLeft(content, "\t")), 0o600))
	return path
}
