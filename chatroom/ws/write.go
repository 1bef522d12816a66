package ws

import (
	"time"

	"github.com/gorilla/websocket"
)

// write sends what is queued, pings, and at the end the close frame.
func (c *Client) write() {
	ping := time.NewTicker(c.room.cfg.PongTimeout * 9 / 10)
	defer ping.Stop()
	for {
		var err error
		select {
		case data := <-c.queue:
			err = c.writeText(data)
		case <-ping.C:
			err = c.conn.WriteControl(websocket.PingMessage, nil, c.deadline())
		case <-c.done:
			for len(c.queue) > 0 && err == nil {
				err = c.writeText(<-c.queue)
			}
			c.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(c.code, c.reason), c.deadline())
			return
		}
		if err != nil { // a failed connection stays failed: the close frame will not go out either
			c.close(websocket.CloseInternalServerErr, err.Error())
		}
	}
}

// writeText sends one message as one frame, so that each stays whole JSON.
func (c *Client) writeText(data []byte) error {
	c.queued.Add(-int64(len(data)))
	c.conn.SetWriteDeadline(c.deadline())
	return c.conn.WriteMessage(websocket.TextMessage, data)
}

func (c *Client) deadline() time.Time { return time.Now().Add(c.room.cfg.WriteTimeout) }
