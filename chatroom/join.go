package chatroom

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom/protocol"
)

const timeout = 10 * time.Second // for joining, and for each message sent

// Join says who wants to join what. All but Nick may be left out.
type Join struct {
	Nick, Room string
	Session    string      // of the [Conn.Welcome] that this one resumes, and
	Since      uint64      // the id of the last message that was seen
	TLS        *tls.Config // for a server with a certificate; nil: without TLS
}

// dial opens the WebSocket. A Dialer by itself does not look at ctx while it
// waits for the server's answer.
func (join Join) dial(ctx context.Context, addr string) (*websocket.Conn, *http.Response, error) {
	stop := func() bool { return true }
	dialer := websocket.Dialer{TLSClientConfig: join.TLS, NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			stop = context.AfterFunc(ctx, func() { conn.Close() })
		}
		return conn, err
	}}
	conn, answer, err := dialer.DialContext(ctx, join.url(addr), nil)
	if !stop() {
		err = ctx.Err()
	}
	return conn, answer, err
}

func (join Join) url(addr string) string {
	u := url.URL{Scheme: "ws", Host: addr, Path: "/ws"}
	if join.TLS != nil {
		u.Scheme = "wss"
	}
	query := url.Values{"nick": {join.Nick}}
	for key, value := range map[string]string{"room": join.Room, "session": join.Session} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if join.Since > 0 {
		query.Set("since", strconv.FormatUint(join.Since, 10))
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// Refused is the server's error message about a client that it does not let
// in; its Code says why, in a word of PROTOCOL.md.
type Refused protocol.Message

func (r Refused) Error() string { return r.Text }

// receiveFirst returns what the server says first, or why it refuses.
func (c *Conn) receiveFirst(ctx context.Context) (m protocol.Message, err error) {
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	m, err = c.Receive()
	switch {
	case !stop():
		err = ctx.Err()
	case m.Type == protocol.Error:
		err = Refused(m)
	}
	return m, err
}

// SendRef is [Conn.Send] for a text that may be sent again, in another
// connection of the session, with the same ref: it is said once.
func (c *Conn) SendRef(text, ref string) error {
	c.conn.SetWriteDeadline(time.Now().Add(timeout))
	return c.conn.WriteJSON(protocol.Message{Type: protocol.Said, Text: text, Ref: ref})
}

// advise says what to do about the error of a client that said too much.
func advise(err error) error {
	if websocket.IsCloseError(err, websocket.CloseMessageTooBig) {
		return fmt.Errorf("%w; say it in shorter messages", err)
	}
	return err
}

// explainAnswer adds what a server said that did not upgrade.
func explainAnswer(err error, answer *http.Response) error {
	if answer != nil {
		return fmt.Errorf("%w: the server answered %s", err, answer.Status)
	}
	return err
}
