package ws

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"
)

// read is the client's life, from joining to the closed connection.
func (c *Client) read() {
	var writer sync.WaitGroup
	writer.Go(c.write)
	c.room.log.Info("connected", "nick", c.nick, "addr", c.conn.RemoteAddr())
	err := c.listen()

	c.room.leave(c)
	c.close(websocket.CloseNormalClosure, "")
	writer.Wait()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		// Closing a connection on which data still arrives resets it, and the
		// reset can overtake our close frame: read until the client closes.
		io.Copy(io.Discard, c.conn.NetConn())
	}
	c.conn.Close()
	c.room.log.Info("disconnected", "nick", c.nick, "addr", c.conn.RemoteAddr(), "reason", c.reason, "err", err)
}

// listen acts on messages until the connection ends. The error says how: a
// [websocket.CloseError] if the client sent a close frame or just hung up.
func (c *Client) listen() error {
	alive := func(string) error { return c.conn.SetReadDeadline(time.Now().Add(c.room.cfg.PongTimeout)) }
	c.conn.SetPongHandler(alive)
	c.conn.SetReadLimit(int64(c.room.cfg.MessageBytes))            // Over it, ReadMessage sends the close frame 1009.
	c.conn.SetCloseHandler(func(int, string) error { return nil }) // The writer answers, after what is queued.
	for {
		c.wait()
		alive("") // A pong may be on its way behind messages that had to wait.
		kind, data, err := c.conn.ReadMessage()
		switch {
		case os.IsTimeout(err):
			c.close(websocket.ClosePolicyViolation, "no ping was answered in time")
			return err
		case err != nil:
			return err
		case c.closing(): // only its close frame is of interest now
		case kind != websocket.TextMessage:
			c.close(websocket.CloseUnsupportedData, "send text, not binary")
		case !utf8.Valid(data):
			// Passed on, it would make every browser in the room disconnect.
			c.close(websocket.CloseInvalidFramePayloadData, "text must be valid UTF-8")
		default:
			c.act(data)
		}
	}
}

// wait keeps the client to its pace: as long as nothing is read, TCP holds the
// sender back. Otherwise one that pastes a book would fill everybody's queue.
func (c *Client) wait() {
	select {
	case <-time.After(c.pace.Reserve().Delay()):
	case <-c.done:
	}
}

// act does what one message of the client asks for.
func (c *Client) act(data []byte) {
	var m Message
	switch err := json.Unmarshal(data, &m); {
	case err != nil || m.Type != Said:
		c.send(Message{Type: Error, Text: `send {"type":"message","text":"..."}`}.encode())
	case strings.TrimSpace(m.Text) == "":
		c.send(Message{Type: Error, Text: "say something"}.encode())
	default:
		c.room.say(c.nick, m.Text)
	}
}
