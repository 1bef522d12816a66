package ws

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"example.com/netlessons/chatroom/protocol"
)

// incoming yields the client's messages that are fit to be read, at its pace,
// until the connection ends; then the client is closed, with the reason.
func (c *Client) incoming(yield func([]byte) bool) {
	alive := func(string) error { return c.conn.SetReadDeadline(time.Now().Add(c.pace.pongTimeout)) }
	c.conn.SetPongHandler(alive)
	c.conn.SetPingHandler(func(data string) error { // a ping costs as much as a message
		c.pace.wait(c.Done())
		return c.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	c.conn.SetReadLimit(c.pace.messageBytes)                       // Over it, ReadMessage sends the close frame 1009.
	c.conn.SetCloseHandler(func(int, string) error { return nil }) // The outbox answers, after what is queued.
	for {
		c.pace.wait(c.Done())
		alive("") // A pong may be on its way behind messages that had to wait.
		kind, data, err := c.conn.ReadMessage()
		switch {
		case err != nil:
			c.ended(err)
			return
		case c.Closing(): // only its close frame is of interest now
		case kind != websocket.TextMessage:
			c.Close(websocket.CloseUnsupportedData, protocol.Reason(protocol.Binary, "send text"))
		case !utf8.Valid(data):
			// Passed on, it would make every browser in the room disconnect.
			c.Close(websocket.CloseInvalidFramePayloadData, protocol.Reason(protocol.UTF8, "text must be valid UTF-8"))
		case !yield(data):
			return
		}
	}
}

// ended closes the client because nothing is read any more: err says why.
// ReadMessage has sent the close frames 1002, but for half a code, and 1009.
func (c *Client) ended(err error) {
	c.end = err
	var closed *websocket.CloseError
	var network net.Error
	switch {
	case os.IsTimeout(err):
		c.Close(websocket.ClosePolicyViolation, protocol.Reason(protocol.NoPong, "no ping was answered in time"))
	case errors.Is(err, websocket.ErrReadLimit):
		c.Close(websocket.CloseMessageTooBig, "")
	case errors.As(err, &network), !errors.As(err, &closed) && errors.Is(err, io.ErrUnexpectedEOF):
		c.Close(websocket.CloseNormalClosure, "") // nobody will read it
	case closed == nil:
		c.Close(websocket.CloseProtocolError, "")
	case closed.Code == websocket.CloseNoStatusReceived, closed.Code == websocket.CloseAbnormalClosure:
		c.Close(websocket.CloseNormalClosure, "") // these two are never sent
	default:
		c.Close(closed.Code, "") // the client's own
	}
}

// hangUp closes the connection. Closing one on which data still arrives resets
// it, and the reset can overtake our close frame: read until the client closes,
// or [outbox.CloseWait] is over.
func (c *Client) hangUp() {
	var closed *websocket.CloseError
	if !errors.As(c.end, &closed) {
		io.Copy(io.Discard, c.conn.NetConn())
	}
	code, reason := c.Why()
	c.hall.count.closedBy(code, reason)
	c.hall.log.Info("disconnected", "nick", c.nick, "addr", c.conn.RemoteAddr(), "code", code, "reason", reason, "err", c.end)
	c.hall.exit(c.addr, nil)
	c.conn.Close()
}

// pace is how fast, how much and how long a client may talk.
type pace struct {
	*rate.Limiter
	messageBytes int64
	pongTimeout  time.Duration
}

func newPace(cfg Config) pace {
	limiter := rate.NewLimiter(rate.Limit(cfg.MessagesPerSecond), cfg.MessagesPerSecond)
	return pace{limiter, int64(cfg.MessageBytes), cfg.PongTimeout}
}

// wait keeps the client to its pace: as long as nothing is read, TCP holds the
// sender back. Otherwise one that pastes a book would fill everybody's queue.
func (p pace) wait(done <-chan struct{}) {
	delay := p.Reserve().Delay()
	if delay == 0 {
		return
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-done:
	}
}

// parse reads what clients send; m has its ref even if there is an error.
func parse(data []byte) (m protocol.Message, err error) {
	err = json.Unmarshal(data, &m)
	switch {
	case err != nil || m.Type != protocol.Said:
		err = refusal{protocol.BadMessage, `send {"type":"message","text":"..."}`}
	case strings.TrimSpace(m.Text) == "":
		err = refusal{protocol.Empty, "say something"}
	}
	if len(m.Ref) > protocol.MaxRef {
		m.Ref, err = "", refusal{protocol.BadMessage, fmt.Sprintf("ref has at most %d bytes", protocol.MaxRef)}
	}
	return m, err
}
