package bench_test

import (
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// hub is the baseline: the design that most chat servers in Go have. One
// goroutine owns the set of clients, each client has a channel of messages and
// two goroutines.
type hub struct {
	join, leave chan *hubClient
	say         chan []byte
	joining     bool // what waits for a client goes into one frame, with line breaks between
}

type hubClient struct {
	conn *websocket.Conn
	send chan []byte
}

func (h *hub) run() {
	clients := map[*hubClient]bool{}
	for {
		select {
		case c := <-h.join:
			clients[c] = true
		case c := <-h.leave:
			if clients[c] {
				delete(clients, c)
				close(c.send)
			}
		case data := <-h.say:
			for c := range clients {
				select {
				case c.send <- data:
				default: // too slow
					delete(clients, c)
					close(c.send)
				}
			}
		}
	}
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{ReadBufferSize: 1024, WriteBufferSize: 1024}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	c := &hubClient{conn, make(chan []byte, 256)}
	h.join <- c
	go h.write(c)
	go h.read(c)
}

func (h *hub) read(c *hubClient) {
	defer func() { h.leave <- c; c.conn.Close() }()
	alive := func(string) error { return c.conn.SetReadDeadline(time.Now().Add(time.Minute)) }
	alive("")
	c.conn.SetPongHandler(alive)
	for {
		_, data, err := c.conn.ReadMessage()
		if err != nil {
			return
		}
		h.say <- data
	}
}

func (h *hub) write(c *hubClient) {
	ping := time.NewTicker(54 * time.Second)
	defer ping.Stop()
	defer c.conn.Close()
	for {
		select {
		case data, ok := <-c.send:
			c.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
			if !ok || h.write1(c, data) != nil {
				return
			}
		case <-ping.C:
			c.conn.SetWriteDeadline(time.Now().Add(10 * time.Second))
			if c.conn.WriteMessage(websocket.PingMessage, nil) != nil {
				return
			}
		}
	}
}

func (h *hub) write1(c *hubClient, data []byte) error {
	if !h.joining {
		return c.conn.WriteMessage(websocket.TextMessage, data)
	}
	w, err := c.conn.NextWriter(websocket.TextMessage)
	if err != nil {
		return err
	}
	w.Write(data)
	for range len(c.send) {
		w.Write([]byte{'\n'})
		w.Write(<-c.send)
	}
	return w.Close()
}
