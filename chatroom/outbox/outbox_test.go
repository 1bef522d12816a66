package outbox_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/chatroom/outbox"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var limits = outbox.Limits{Messages: 256, Bytes: 192 << 10, WriteTimeout: 10 * time.Second, PingEvery: 54 * time.Second}

func TestWhatIsQueuedGoesOutInOneWriteAndEachMessageIsAFrame(t *testing.T) {
	for _, tt := range []struct {
		name           string
		messages, size int
		wantWrites     int
	}{
		{"one message", 1, 10, 1},
		{"an empty message", 1, 0, 1},
		{"100 short ones", 100, 10, 1},
		{"100 of 128 bytes", 100, 128, 1},
		{"more than one Write takes", 200, 256, 3}, // of 260 bytes with the header, 70 in a Write
		{"one that is longer than a Write", 1, 100_000, 2},
		{"two that together are longer", 2, 17_000, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box, client, wire := connect(t, limits)
				var want []string
				for i := range tt.messages {
					text := strings.Repeat(fmt.Sprint(i%10), tt.size)
					want = append(want, text)
					box.Send([]byte(text))
				}
				var running sync.WaitGroup
				running.Go(func() { box.Run(func() {}) })
				for i := range want {
					_, data, err := client.ReadMessage()
					require.NoError(t, err)
					if diff := cmp.Diff(want[i], string(data)); diff != "" {
						t.Fatalf("message %d (-want +got):\n%s", i, diff)
					}
				}
				synctest.Wait()
				messages, bytes := box.Held()
				writes := wire.writes()
				box.Close(websocket.CloseNormalClosure, "bye")
				_, _, err := client.ReadMessage()
				require.True(t, websocket.IsCloseError(err, websocket.CloseNormalClosure))
				running.Wait()
				require.Equal(t, []int{0, 0}, []int{messages, bytes})
				require.Equal(t, tt.wantWrites, writes)
			})
		})
	}
}

func TestAReaderThatStallsIsClosedAndHoldsNoMoreThanItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, client, _ := connect(t, limits)
		var running sync.WaitGroup
		running.Go(func() { box.Run(func() {}) })
		message := make([]byte, 3000)
		most := 0
		start := time.Now()
		for !box.Closing() {
			box.Send(message)
			_, bytes := box.Held()
			most = max(most, bytes)
			time.Sleep(100 * time.Millisecond)
		}
		require.Equal(t, limits.Bytes/len(message)*len(message), most)
		require.Equal(t, time.Duration(limits.Bytes/len(message)+1)*100*time.Millisecond, time.Since(start), "with the first message that found no room")
		code, reason := box.Why()
		require.Equal(t, websocket.ClosePolicyViolation, code)
		require.Equal(t, "too_slow: too many messages wait to be read", reason)

		box.Send([]byte("too late"))
		_, bytes := box.Held()
		require.Equal(t, most, bytes)
		running.Wait() // the connection is cut, though its client never read
		_, _, err := client.ReadMessage()
		require.Error(t, err)
	})
}

func TestAReaderThatJustKeepsUpIsPinged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, client, _ := connect(t, limits)
		var running sync.WaitGroup
		running.Go(func() { box.Run(func() {}) })
		var pings int
		client.SetPingHandler(func(string) error { pings++; return nil })
		box.Send([]byte("the one that it is behind"))
		for start := time.Now(); time.Since(start) < 3*limits.PingEvery; time.Sleep(100 * time.Millisecond) {
			box.Send([]byte("x"))
			_, _, err := client.ReadMessage()
			require.NoError(t, err)
		}
		require.Equal(t, 2, pings)
		box.Close(websocket.CloseNormalClosure, "")
		client.Close()
		running.Wait()
	})
}

func TestManySendersAndOneThatClosesLeaveNothingWaiting(t *testing.T) {
	t.Parallel()
	big := limits
	big.Messages, big.Bytes = 1<<20, 1<<30
	box, client, _ := connect(t, big)
	const senders, each = 20, 200
	var all sync.WaitGroup
	all.Go(func() { box.Run(func() {}) })
	for range senders {
		all.Go(func() {
			for range each {
				box.Send([]byte("x"))
			}
		})
	}
	for range senders * each {
		_, data, err := client.ReadMessage()
		require.NoError(t, err)
		require.Equal(t, "x", string(data))
	}
	box.Close(websocket.CloseGoingAway, "")
	box.Close(websocket.CloseNormalClosure, "the first reason counts")
	_, _, err := client.ReadMessage()
	require.True(t, websocket.IsCloseError(err, websocket.CloseGoingAway))
	client.Close()
	all.Wait()
}

func TestLeaveIsCalledBeforeTheCloseFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box, client, wire := connect(t, limits)
		var before int
		box.Close(websocket.CloseNormalClosure, "")
		var running sync.WaitGroup
		running.Go(func() { box.Run(func() { before = wire.writes() }) })
		client.ReadMessage()
		running.Wait()
		require.Equal(t, []int{0, 1}, []int{before, wire.writes()})
	})
}

// connect returns an outbox, the client that reads from it, and the wire
// between, which stores nothing.
func connect(t *testing.T, limits outbox.Limits) (*outbox.Outbox, *websocket.Conn, *wire) {
	t.Helper()
	clientEnd, serverEnd := net.Pipe()
	w := &wire{Conn: serverEnd}
	upgraded := make(chan *websocket.Conn)
	go func() {
		r, err := http.ReadRequest(bufio.NewReader(serverEnd))
		if err != nil {
			t.Error(err)
		}
		conn, err := new(websocket.Upgrader).Upgrade(outbox.Corked(&hijackable{ResponseRecorder: httptest.NewRecorder(), conn: w}), r, nil)
		if err != nil {
			t.Error(err)
		}
		upgraded <- conn
	}()
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return clientEnd, nil }}
	client, _, err := dialer.Dial("ws://wire/", nil)
	require.NoError(t, err)
	conn := <-upgraded
	t.Cleanup(func() { client.Close(); conn.Close() })
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n = 0
	return outbox.New(conn, limits), client, w
}

// wire counts Writes.
type wire struct {
	net.Conn
	mu sync.Mutex
	n  int
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.n++
	w.mu.Unlock()
	if len(p) == 0 {
		return 0, errors.New("a Write of nothing")
	}
	return w.Conn.Write(p)
}

func (w *wire) writes() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

type hijackable struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h *hijackable) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}
