// Package ws is the WebSocket side of the chat server: what happens between
// the request for /ws and the end of its connection. Notes [chatroom] steps 3–6.
//
// This file is the whole way of a message, from one client to all. Its other
// files each add one thing to it; doc.go of the module above lists them.
package ws

import (
	"net/http"
	"sync"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom/outbox"
	"example.com/netlessons/chatroom/protocol"
)

// IndexHandler answers GET /ws?nick=NAME&room=NAME: it upgrades the connection
// and puts it into the room. Why a room does not take somebody is told after
// the upgrade: a page in a browser can read it only there.
func (hall *Hall) IndexHandler(w http.ResponseWriter, r *http.Request) {
	if !hall.enter(w, r) { // there are too many, and enter has said so
		return
	}
	defer hall.running.Done()

	// Step 3: an Upgrader, and Upgrade. By itself it refuses a page of another
	// site (403), so that no such page can speak in its visitor's name.
	upgrader := hall.upgrader(r)
	conn, err := upgrader.Upgrade(outbox.Corked(w), r, nil)
	if err != nil { // Upgrade has answered
		hall.exit(r.RemoteAddr, err)
		return
	}

	// Step 4: from here on, everything is done with this *websocket.Conn.
	client := hall.newClient(conn, r)

	// Step 5: the connection goes into the map of Clients.
	hall.join(client)

	// Step 6: a goroutine reads what the client sends, and acts on it. The
	// handler ends here; the connection lives on.
	hall.running.Go(client.read)
}

// Client is one connection. Its Outbox, with a goroutine of its own, writes to
// it: Send never waits, and Close ends it.
type Client struct {
	*outbox.Outbox
	conn *websocket.Conn
	room *Room
	nick string // room.mu guards it: it can change
	visit
}

// Room is a mutex and a map. Under the mutex nothing waits: a message goes
// into each client's outbox, or the client is closed. So all clients get all
// messages in the same order, and none can hold up the others.
type Room struct {
	mu      sync.Mutex
	clients map[string]*Client // by nickname
	shared
}

// add puts c into the map and tells it what it has missed.
func (room *Room) add(c *Client) {
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.welcome(c) {
		room.clients[c.nick] = c
	}
}

// broadcast encodes m once and queues it for every client. The caller holds mu.
func (room *Room) broadcast(m protocol.Message) (data []byte) {
	data = m.Encode()
	for _, c := range room.clients {
		c.Send(data)
	}
	return data
}

// read is the client's life, up to the closed connection.
func (c *Client) read() {
	var writer sync.WaitGroup
	writer.Go(func() { c.Run(c.leave) })
	for data := range c.incoming {
		c.act(data)
	}
	writer.Wait()
	c.hangUp()
}

// act does what one message of the client asks for. What is said comes back
// from the bus, here and on all other servers, and is broadcast then.
func (c *Client) act(data []byte) {
	m, err := parse(data)
	switch {
	case err != nil:
		c.fail(m, err)
	case isCommand(m.Text):
		c.command(m)
	default:
		c.say(m)
	}
}
