// Package outbox writes to one WebSocket: whoever has something to say puts it
// into the queue and never waits; one goroutine, the only one that writes
// messages, takes it out.
//
//	anybody ── Send ──► queue ── Run ──► connection
//	anybody ── Close ─► done ─── Run ──► what is queued, then the close frame
//
// There is no channel of messages, and so none that somebody could close while
// another sends: done is closed, once, and tells everybody.
package outbox

import (
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom/protocol"
)

// CloseWait is how long a client may take to answer the close frame.
const CloseWait = time.Second

// Limits say what one client may cost.
type Limits struct {
	Messages     int           // most that may wait for a slow client, and
	Bytes        int           // the same in bytes
	WriteTimeout time.Duration // for what is written at once
	PingEvery    time.Duration
}

// Outbox is the writing side of one connection.
type Outbox struct {
	conn   *websocket.Conn
	limits Limits

	mu    sync.Mutex
	queue [][]byte
	held  int // messages queued or being written,
	bytes int // and their bytes

	wake chan struct{} // holds one element if the queue may not be empty
	done chan struct{}
	once sync.Once

	code   int // and reason, of the close frame: set before done is closed
	reason string
}

// New returns an outbox for conn; it works while [Outbox.Run] does.
func New(conn *websocket.Conn, limits Limits) *Outbox {
	return &Outbox{conn: conn, limits: limits, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// Send queues data, which must not change any more, and never waits. A client
// whose queue is full is closed: it shall not miss a message without knowing.
func (o *Outbox) Send(data []byte) {
	if o.Closing() {
		return
	}
	o.mu.Lock()
	full := o.held >= o.limits.Messages || o.bytes+len(data) > o.limits.Bytes
	first := len(o.queue) == 0
	if !full {
		o.queue = append(o.queue, data)
		o.held++
		o.bytes += len(data)
	}
	o.mu.Unlock()
	switch {
	case full:
		o.Close(websocket.ClosePolicyViolation, protocol.Reason(protocol.TooSlow, "too many messages wait to be read"))
	case first:
		select {
		case o.wake <- struct{}{}:
		default:
		}
	}
}

// Close begins the end of the connection; the first reason counts. Unless the
// client ends it by itself, it is cut after [CloseWait].
func (o *Outbox) Close(code int, reason string) {
	o.once.Do(func() {
		o.code, o.reason = code, reason
		time.AfterFunc(CloseWait, func() { o.conn.Close() })
		close(o.done)
	})
}

// Done is closed when the end has begun.
func (o *Outbox) Done() <-chan struct{} { return o.done }

// Closing tells whether the end has begun.
func (o *Outbox) Closing() bool {
	select {
	case <-o.done:
		return true
	default:
		return false
	}
}

// Why returns what the close frame says, once the end has begun.
func (o *Outbox) Why() (code int, reason string) {
	<-o.done
	return o.code, o.reason
}

// Held returns how much waits to be written.
func (o *Outbox) Held() (messages, bytes int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held, o.bytes
}

// Run writes what is queued, pings, and at the end the close frame; then it
// returns. Before the close frame it calls leave: who has read that frame finds
// that the other things are done with, too.
func (o *Outbox) Run(leave func()) {
	ping := time.NewTicker(o.limits.PingEvery)
	defer ping.Stop()
	for {
		var err error
		select {
		case <-o.wake:
			if !o.Closing() { // then done says so, and comes with the rest
				err = o.flush(ping.C)
			}
		case <-ping.C:
			err = o.ping()
		case <-o.done:
			leave()
			o.flush(nil)
			o.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(o.code, o.reason), o.deadline())
			return
		}
		if err != nil { // a failed connection stays failed: the close frame will not go out either
			o.Close(websocket.CloseInternalServerErr, protocol.Reason(protocol.Internal, err.Error()))
		}
	}
}

// flush writes what is queued, with as few Writes as it takes. It pings, too:
// the queue of a client that just keeps up is never empty.
func (o *Outbox) flush(ping <-chan time.Time) (err error) {
	conn, corkable := o.conn.NetConn().(*corkedConn)
	for batch := o.next(nil, 0); len(batch) > 0 && err == nil; {
		if corkable {
			conn.cork(o.deadline())
		} else {
			o.conn.SetWriteDeadline(o.deadline())
		}
		var bytes int
		for _, data := range batch {
			bytes += len(data)
			if err == nil {
				err = o.conn.WriteMessage(websocket.TextMessage, data)
			}
		}
		if corkable {
			if failed := conn.uncork(); err == nil {
				err = failed
			}
		}
		select {
		case <-ping:
			if err == nil {
				err = o.ping()
			}
		default:
		}
		batch = o.next(batch, bytes)
	}
	return err
}

func (o *Outbox) ping() error {
	return o.conn.WriteControl(websocket.PingMessage, nil, o.deadline())
}

// next notes that a batch is written, and takes the queue as the next one. The
// written batch becomes the queue, if it is not too big to keep.
func (o *Outbox) next(written [][]byte, bytes int) (batch [][]byte) {
	const most = 64
	n := len(written)
	clear(written)
	if cap(written) > most {
		written = nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held -= n
	o.bytes -= bytes
	batch, o.queue = o.queue, written[:0]
	return batch
}

func (o *Outbox) deadline() time.Time { return time.Now().Add(o.limits.WriteTimeout) }
