package chatroom_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/protocol"
)

func TestAHundredClientsHearAThousandMessagesInOneOrder(t *testing.T) {
	const clients, messages = 100, 10 // of each
	cfg := chatroom.DefaultConfig()
	cfg.Room.MessagesPerSecond, cfg.Room.QueueMessages, cfg.Room.QueueBytes = 1<<20, 1<<20, 1<<30
	addr, _ := serve(t, cfg)
	conns := make([]*chatroom.Conn, clients)
	for i := range conns {
		var err error
		conns[i], err = chatroom.Dial(t.Context(), addr, chatroom.Join{Nick: fmt.Sprint("client-", i)})
		require.NoError(t, err)
		defer conns[i].Close()
	}
	heard := make([][]uint64, clients) // ids
	var wg sync.WaitGroup
	for i, conn := range conns {
		wg.Go(func() {
			for range messages {
				if err := conn.Send("x"); err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
			}
		})
		wg.Go(func() {
			for len(heard[i]) < clients*messages {
				m, err := conn.Receive()
				if err != nil {
					t.Errorf("client %d after %d messages: %v", i, len(heard[i]), err)
					return
				}
				if m.Type == protocol.Said {
					heard[i] = append(heard[i], m.ID)
				}
			}
		})
	}
	wg.Wait()
	for i := range heard {
		require.Equal(t, heard[0], heard[i], "all hear the same in the same order")
	}
	for i := 1; i < len(heard[0]); i++ {
		require.Equal(t, heard[0][i-1]+1, heard[0][i])
	}
}

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
		var mu sync.Mutex
		var longest time.Duration
		for i := range clients - stalled - 1 {
			healthy := room.dial(t, fmt.Sprint("healthy-", i))
			go func() {
				for {
					var m protocol.Message
					if healthy.ReadJSON(&m) != nil {
						return
					}
					if m.Type == protocol.Said {
						mu.Lock()
						longest = max(longest, time.Since(time.UnixMilli(m.Time)))
						mu.Unlock()
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
			require.NoError(t, bob.WriteMessage(websocket.TextMessage, say))
			time.Sleep(time.Second / 20)
		}
		for range stalled {
			require.Less(t, (<-gone).Sub(began), 5*time.Second, "when its queue was full it was kicked")
		}
		mu.Lock()
		require.Zero(t, longest, "nobody healthy waited")
		mu.Unlock()
		stop()
	})
}
