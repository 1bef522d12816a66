package chatroom

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom/ws"
)

const timeout = 10 * time.Second // for joining, and for each message sent

// Conn is a client's place in the room. One goroutine may send and leave while
// another receives.
type Conn struct{ conn *websocket.Conn }

// Dial joins the room of the server at addr, HOST:PORT, under a nickname. It
// returns when the server has told everybody so; a nickname that the room does
// not take is an error. ctx ends the dialling only.
func Dial(ctx context.Context, addr, nick string) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	u := url.URL{Scheme: "ws", Host: addr, Path: "/ws", RawQuery: url.Values{"nick": {nick}}.Encode()}
	conn, answer, err := new(websocket.Dialer).DialContext(ctx, u.String(), nil)
	if err != nil && answer != nil {
		return nil, fmt.Errorf("join %s: %w: the server answered %s", addr, err, answer.Status)
	}
	if err != nil {
		return nil, fmt.Errorf("join %s: %w", addr, err)
	}
	// The room tells a new client first that it joined.
	c := &Conn{conn}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	if _, err = c.Receive(); !stop() {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("join %s: %w", addr, err)
	}
	return c, nil
}

// Send says text to everybody in the room.
func (c *Conn) Send(text string) error {
	c.conn.SetWriteDeadline(time.Now().Add(timeout))
	return c.conn.WriteJSON(ws.Message{Type: ws.Said, Text: text})
}

// Receive returns the next message. After [Conn.Leave] it returns [io.EOF]
// behind the last one; any other end is an error that says why.
func (c *Conn) Receive() (m ws.Message, err error) {
	err = c.conn.ReadJSON(&m)
	switch {
	case websocket.IsCloseError(err, websocket.CloseNormalClosure):
		err = io.EOF
	case websocket.IsCloseError(err, websocket.CloseMessageTooBig):
		err = fmt.Errorf("%w; say it in shorter messages", err)
	}
	return m, err
}

// Leave tells the server that this client leaves. The server answers, after
// the messages that were under way.
func (c *Conn) Leave() error {
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	return c.conn.WriteControl(websocket.CloseMessage, bye, time.Now().Add(timeout))
}

// Close gives the connection up; call it in any case.
func (c *Conn) Close() error { return c.conn.Close() }
