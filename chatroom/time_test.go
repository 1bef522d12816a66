package chatroom_test

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/outbox"
	"example.com/netlessons/chatroom/protocol"
)

// These tests run in bubbles: minutes pass in no time, and exactly. Their
// network is a [net.Pipe] for each client, which stores nothing: a client that
// does not read blocks the server's first Write.

func TestASlowClientIsKickedAndTheOthersNoticeNothing(t *testing.T) {
	for _, tt := range []struct {
		name                      string
		queueMessages, queueBytes int
		wantReceived              int // by the slow client, before the close frame
	}{
		// The message whose Write is blocked counts.
		{"when too many messages wait for it", 10, 1 << 20, 10},
		{"when too many bytes wait for it", 1000, 1000, 1000 / len(`{"type":"message","id":946684800000001,"time":946684800100,"from":"bob","text":"01234567890123456789"}`)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := chatroom.DefaultConfig()
				cfg.Room.QueueMessages, cfg.Room.QueueBytes = tt.queueMessages, tt.queueBytes
				cfg.Room.MessagesPerSecond = 1000 // so that bob need not wait for that
				room, _ := serveInMemory(t, cfg)
				slow := room.dial(t, "slow")
				require.Equal(t, "* you are slow in lobby; here: slow", shown(t, slow))
				bob := room.dial(t, "bob")
				require.Equal(t, "* you are bob in lobby; here: bob, slow", shown(t, bob))
				require.Equal(t, "* bob joined", shown(t, slow))
				// From here on, slow reads nothing.

				start := time.Now()
				for range 100 {
					require.NoError(t, bob.WriteMessage(websocket.TextMessage, []byte(`{"type":"message","text":"01234567890123456789"}`)))
					require.Equal(t, "bob: 01234567890123456789", shown(t, bob))
				}
				require.Zero(t, time.Since(start), "bob waited for the slow client")

				var received int
				_, _, err := slow.ReadMessage()
				for ; err == nil; _, _, err = slow.ReadMessage() {
					if received++; received == 5 { // there is room again, but it has missed something
						synctest.Wait()
						require.NoError(t, bob.WriteMessage(websocket.TextMessage, []byte(`{"type":"message","text":"later"}`)))
						require.Equal(t, "* slow left", shown(t, bob))
						require.Equal(t, "bob: later", shown(t, bob))
					}
				}
				want := &websocket.CloseError{Code: websocket.ClosePolicyViolation, Text: "too_slow: too many messages wait to be read"}
				if diff := cmp.Diff(error(want), err); diff != "" {
					t.Errorf("close frame (-want +got):\n%s", diff)
				}
				require.Equal(t, tt.wantReceived, received)
			})
		})
	}
}

func TestABurstFromOneClientIsSlowedDownAndHurtsNobody(t *testing.T) {
	for _, tt := range []struct {
		name              string
		messagesPerSecond int
		want              time.Duration // for 1,000 messages
	}{
		{"at the default pace", chatroom.DefaultConfig().Room.MessagesPerSecond, 19 * time.Second},
		{"though it takes longer than a pong may", 10, 99 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := chatroom.DefaultConfig()
				cfg.Room.MessagesPerSecond = tt.messagesPerSecond
				room, _ := serveInMemory(t, cfg)
				var want []string
				for i := range 1000 {
					want = append(want, fmt.Sprintf("client-0: %d", i))
				}
				start := time.Now()
				var wg sync.WaitGroup
				var clients []*websocket.Conn
				for i := range 3 {
					conn := room.dial(t, fmt.Sprint("client-", i))
					clients = append(clients, conn)
					if i == 0 { // over TCP, its answer to a ping waits behind its messages
						conn.SetPingHandler(func(string) error { return nil })
					}
					wg.Go(func() {
						var got []string
						for len(got) < len(want) {
							var m protocol.Message
							if err := conn.ReadJSON(&m); err != nil {
								t.Errorf("client %d after %d messages: %v", i, len(got), err)
								return
							}
							if m.Type == protocol.Said {
								got = append(got, m.String())
								time.Sleep(10 * time.Millisecond) // no program is infinitely fast
							}
						}
						if diff := cmp.Diff(want, got); diff != "" {
							t.Errorf("client %d got (-want +got):\n%s", i, diff)
						}
					})
				}
				synctest.Wait() // until all are in the room
				for i := range want {
					err := clients[0].WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"message","text":"%d"}`, i))
					if err != nil {
						t.Errorf("message %d: %v", i, err)
						for _, conn := range clients { // or they wait for ever
							conn.Close()
						}
						break
					}
				}
				took := time.Since(start)
				wg.Wait()
				require.Equal(t, tt.want, took, "the sender is held back")
			})
		})
	}
}

func TestAClientThatIsBeingSlowedDownCannotHoldUpTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := chatroom.DefaultConfig()
		cfg.Room.MessagesPerSecond = 1
		room, stop := serveInMemory(t, cfg)
		ann := room.dial(t, "ann")
		ended := make(chan error, 1)
		go func() {
			var err error
			for err == nil {
				_, _, err = ann.ReadMessage()
			}
			ended <- err
		}()
		require.NoError(t, ann.WriteMessage(websocket.TextMessage, []byte(`{"type":"message","text":"1"}`)))
		synctest.Wait() // until the server waits before it reads on
		start := time.Now()
		stop()
		require.True(t, websocket.IsCloseError(<-ended, websocket.CloseGoingAway))
		require.Zero(t, time.Since(start))
	})
}

func TestAClientThatAnswersNoPingLeavesAfter60Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, _ := serveInMemory(t, chatroom.DefaultConfig())
		start := time.Now()
		mute := room.dial(t, "mute")
		mute.SetPingHandler(func(string) error { return nil })
		ended := make(chan error, 1)
		go func() {
			var err error
			for err == nil {
				_, _, err = mute.ReadMessage()
			}
			ended <- err
		}()
		synctest.Wait()
		bob := room.dial(t, "bob")
		require.Equal(t, "* you are bob in lobby; here: bob, mute", shown(t, bob))
		require.Equal(t, "* mute left", shown(t, bob))
		require.Equal(t, 60*time.Second, time.Since(start))
		want := &websocket.CloseError{Code: websocket.ClosePolicyViolation, Text: "no_pong: no ping was answered in time"}
		if diff := cmp.Diff(error(want), <-ended); diff != "" {
			t.Errorf("close frame (-want +got):\n%s", diff)
		}
	})
}

func TestAClientThatTakesNoMessageLeavesAfter10Seconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, _ := serveInMemory(t, chatroom.DefaultConfig())
		start := time.Now()
		room.dial(t, "stuck")
		synctest.Wait()
		bob := room.dial(t, "bob")
		require.Equal(t, "* you are bob in lobby; here: bob, stuck", shown(t, bob))
		require.Equal(t, "* stuck left", shown(t, bob))
		require.Equal(t, 10*time.Second, time.Since(start), "the write timeout")
	})
}

func TestAClientThatIsSilentButAliveStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, _ := serveInMemory(t, chatroom.DefaultConfig())
		ann := room.dial(t, "ann")
		shown(t, ann) // welcome
		start := time.Now()
		var pings []time.Duration
		pong := ann.PingHandler()
		ann.SetPingHandler(func(data string) error {
			pings = append(pings, time.Since(start))
			return pong(data)
		})
		time.AfterFunc(5*time.Minute, func() { ann.WriteMessage(websocket.TextMessage, []byte(`{"type":"message","text":"hi"}`)) })
		require.Equal(t, "ann: hi", shown(t, ann))
		want := []time.Duration{54 * time.Second, 108 * time.Second, 162 * time.Second, 216 * time.Second, 270 * time.Second}
		if diff := cmp.Diff(want, pings); diff != "" {
			t.Errorf("pings (-want +got):\n%s", diff)
		}
	})
}

func TestAClientThatIgnoresTheCloseFrameCannotHoldUpTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room, stop := serveInMemory(t, chatroom.DefaultConfig())
		room.dial(t, "deaf")
		late := room.connect()
		synctest.Wait()
		start := time.Now()
		stopped := make(chan string)
		go func() { stopped <- stop() }()
		synctest.Wait()

		_, answer, err := upgrade(late, "late")
		require.ErrorIs(t, err, websocket.ErrBadHandshake)
		require.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
		<-stopped
		require.Equal(t, outbox.CloseWait, time.Since(start))
	})
}

// memory is a listener whose connections are pipes.
type memory struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func serveInMemory(t *testing.T, cfg chatroom.Config) (room *memory, stop func() string) {
	t.Helper()
	room = &memory{conns: make(chan net.Conn), done: make(chan struct{})}
	return room, serveOn(t, room, cfg)
}

func (m *memory) dial(t *testing.T, nick string) *websocket.Conn {
	t.Helper()
	conn, _, err := upgrade(m.connect(), nick)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// connect returns the client's end of a connection that the server has accepted.
func (m *memory) connect() net.Conn {
	client, server := net.Pipe()
	m.conns <- server
	return client
}

func upgrade(conn net.Conn, nick string) (*websocket.Conn, *http.Response, error) {
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return conn, nil }}
	return dialer.Dial("ws://memory/ws?nick="+nick, nil)
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.conns:
		return conn, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error   { m.once.Do(func() { close(m.done) }); return nil }
func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }
