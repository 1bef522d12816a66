package browser_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

// serve runs the chat server at addr, port 0 for any, until stop or the end of
// the test.
func serve(t *testing.T, addr string) (at string, stop func()) {
	t.Helper()
	ln, err := net.Listen("tcp", addr)
	require.NoError(t, err)
	cfg := chatroom.DefaultConfig()
	cfg.Room.MessagesPerSecond = 1000 // and nobody is too slow for them
	cfg.Room.QueueMessages, cfg.Room.QueueBytes = 4096, 4<<20
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chatroom.Serve(ctx, ln, cfg, slog.New(slog.NewTextHandler(t.Output(), nil))) }()
	stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(t, <-done)
	})
	t.Cleanup(stop)
	return ln.Addr().String(), stop
}

// friend is somebody in the room without a browser.
type friend struct {
	t     *testing.T
	conn  *chatroom.Conn
	heard chan string // what was said
}

func newFriend(t *testing.T, addr, nick, room string) *friend {
	t.Helper()
	conn, err := chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: nick, Room: room})
	require.NoError(t, err)
	f := &friend{t, conn, make(chan string, 2000)}
	go func() {
		defer close(f.heard)
		for {
			m, err := conn.Receive()
			if err != nil {
				return
			}
			if m.Type == protocol.Said {
				f.heard <- m.Text
			}
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		for range f.heard {
		}
	})
	return f
}

// say returns when everybody in the room has been told.
func (f *friend) say(text string) {
	f.t.Helper()
	require.NoError(f.t, f.conn.Send(text))
	for heard := range f.heard {
		if heard == text {
			return
		}
	}
	f.t.Fatalf("disconnected before this was said: %s", text)
}

// play is a server with the page, and behind it what the test says.
func play(t *testing.T, behave func(*websocket.Conn)) (addr string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServerFS(os.DirFS("../page")))
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		upgrader := websocket.Upgrader{}
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		behave(conn)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}
