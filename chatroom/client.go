package chatroom

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom/protocol"
)

// Conn is a client's place in a room. One goroutine may send and leave while
// another receives.
type Conn struct {
	Welcome protocol.Message // what the server said first
	conn    *websocket.Conn
}

// Dial joins a room of the server at addr, HOST:PORT, and returns when it is
// in. ctx ends the dialling only. The error of a room that does not take the
// client is a [Refused].
func Dial(ctx context.Context, addr string, join Join) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, answer, err := join.dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("join %s: %w", addr, explainAnswer(err, answer))
	}
	c := &Conn{conn: conn}
	if c.Welcome, err = c.receiveFirst(ctx); err != nil {
		conn.Close()
		return nil, fmt.Errorf("join %s: %w", addr, err)
	}
	return c, nil
}

// Send says text to everybody in the room, or gives a command.
func (c *Conn) Send(text string) error { return c.SendRef(text, "") }

// Receive returns the next message. After [Conn.Leave] it returns [io.EOF]
// behind the last one; any other end is an error that says why, most often a
// [websocket.CloseError].
func (c *Conn) Receive() (m protocol.Message, err error) {
	err = c.conn.ReadJSON(&m)
	if websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		err = io.EOF
	}
	return m, advise(err)
}

// Leave tells the server that this client leaves. The server answers, after
// the messages that were under way.
func (c *Conn) Leave() error {
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	return c.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(timeout))
}

// Close gives the connection up; call it in any case.
func (c *Conn) Close() error { return c.conn.Close() }
