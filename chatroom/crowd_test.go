package chatroom_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"hash"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

var eachSays = flag.Int("each-says", 10, "how many messages each of the hundred clients says")

func TestAHundredClientsHearTheSameInOneOrder(t *testing.T) {
	const clients = 100
	all := clients * *eachSays
	cfg := chatroom.DefaultConfig()
	cfg.Room.MessagesPerSecond, cfg.Room.QueueMessages, cfg.Room.QueueBytes = 1<<20, 1<<20, 1<<30
	addr, _ := serve(t, cfg)
	conns := make([]*websocket.Conn, clients)
	for i := range conns {
		conns[i] = dial(t, addr, fmt.Sprint("client-", i))
		_, _, err := conns[i].ReadMessage() // welcome: from here on it hears everything
		require.NoError(t, err)
	}
	heard := make([]hash.Hash, clients) // of all that each heard, in its order
	var wg sync.WaitGroup
	for i, conn := range conns {
		heard[i] = sha256.New()
		wg.Go(func() {
			for range *eachSays {
				if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"message","text":"x"}`)); err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
			}
		})
		wg.Go(func() {
			var id uint64
			for n := 0; n < all; {
				conn.SetReadDeadline(time.Now().Add(timeout)) // for this message, not for all
				_, data, err := conn.ReadMessage()
				if err != nil {
					t.Errorf("client %d after %d messages: %v", i, n, err)
					return
				}
				if !bytes.HasPrefix(data, said) {
					continue
				}
				var m protocol.Message
				if err := json.Unmarshal(data, &m); err != nil || n > 0 && m.ID != id+1 {
					t.Errorf("client %d heard %s after id %d (%v)", i, data, id, err)
					return
				}
				id = m.ID
				heard[i].Write(data)
				n++
			}
		})
	}
	wg.Wait()
	for i := range heard {
		require.Equal(t, heard[0].Sum(nil), heard[i].Sum(nil), "client %d heard something else, or in another order, than the first", i)
	}
	t.Logf("%d clients said %d messages each: %d deliveries", clients, *eachSays, clients*all)
}

// said is how a message of somebody begins.
var said = []byte(`{"type":"message",`)

func TestOneReaderInTwentyStallsAndTheOthersDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const clients, stalled = 100, 5
		cfg := chatroom.DefaultConfig()
		cfg.Room.MessagesPerSecond = 1000
		room, stop := serveInMemory(t, cfg)
		for i := range stalled {
			room.dial(t, fmt.Sprint("stalled-", i))
			synctest.Wait()
		}
		bob := room.dial(t, "bob")
		var sent, longest atomic.Int64 // in ns since 1970, and in ns
		for i := range clients - stalled - 1 {
			healthy := room.dial(t, fmt.Sprint("healthy-", i))
			go func() {
				for {
					_, data, err := healthy.ReadMessage()
					if err != nil {
						return
					}
					if took := time.Now().UnixNano() - sent.Load(); bytes.HasPrefix(data, said) && took > longest.Load() {
						longest.Store(took)
					}
				}
			}()
		}
		gone := make(chan time.Time, stalled) // when bob hears that they left
		go func() {
			for {
				var m protocol.Message
				if bob.ReadJSON(&m) != nil {
					return
				}
				for range m.Left {
					gone <- time.Now()
				}
			}
		}()
		// 20 messages a second of 3 KB: the queue of 192 KB is full after about three seconds.
		began := time.Now()
		say := fmt.Appendf(nil, `{"type":"message","text":"%s"}`, strings.Repeat("x", 3000))
		for range 10 * 20 {
			sent.Store(time.Now().UnixNano())
			require.NoError(t, bob.WriteMessage(websocket.TextMessage, say))
			time.Sleep(time.Second / 20)
		}
		for range stalled {
			require.Less(t, (<-gone).Sub(began), 5*time.Second, "when its queue was full it was kicked")
		}
		require.Zero(t, longest.Load(), "nobody healthy waited")
		stop()
	})
}
