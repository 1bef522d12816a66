package ws

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// CloseWait is how long a client may take to answer the close frame.
const CloseWait = time.Second

// Client is one connection in the room, with one goroutine that reads from it
// and one, the only one, that writes messages to it:
//
//	room ── send ──► queue ── write ──► conn ── read ──► act ──► room
//	                                      ▲
//	anybody ── close ──► done ── write ───┘ what is queued, then the close frame
//
// queue is never closed, because others may be sending to it; done is.
type Client struct {
	room *Room
	conn *websocket.Conn
	nick string
	pace *rate.Limiter

	queue  chan []byte
	queued atomic.Int64 // bytes in queue

	once   sync.Once
	done   chan struct{}
	code   int // and reason, of the close frame: set before done is closed
	reason string
}

func newClient(room *Room, conn *websocket.Conn, nick string) *Client {
	return &Client{
		room: room, conn: conn, nick: nick,
		pace:  rate.NewLimiter(rate.Limit(room.cfg.MessagesPerSecond), room.cfg.MessagesPerSecond),
		queue: make(chan []byte, room.cfg.QueueMessages),
		done:  make(chan struct{}),
	}
}

// send queues data and never waits. A client whose queue is full is closed: it
// shall not miss a message without knowing.
func (c *Client) send(data []byte) {
	if c.closing() {
		return
	}
	if c.queued.Add(int64(len(data))) <= int64(c.room.cfg.QueueBytes) {
		select {
		case c.queue <- data:
			return
		default:
		}
	}
	c.close(websocket.ClosePolicyViolation, "too slow: too many messages wait to be read")
}

// close begins the end of a client; the first reason counts. Unless the client
// ends the connection itself, it is cut after [CloseWait].
func (c *Client) close(code int, reason string) {
	c.once.Do(func() {
		c.code, c.reason = code, reason
		time.AfterFunc(CloseWait, func() { c.conn.Close() })
		close(c.done)
	})
}

func (c *Client) closing() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}
