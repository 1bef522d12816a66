package ws

import (
	"log/slog"
	"sync"

	"github.com/gorilla/websocket"
)

// Room is a mutex and a map. Under the mutex nothing waits: a message goes
// into each client's queue or the client is closed. So all clients get all
// messages in the same order, and none can hold up the others.
type Room struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	clients map[string]*Client // by nickname; nil once the room is closed
	running sync.WaitGroup     // handlers and clients
}

// NewRoom returns an empty room. [Room.Close] ends it.
func NewRoom(cfg Config, log *slog.Logger) *Room {
	return &Room{cfg: cfg, log: log, clients: map[string]*Client{}}
}

const shuttingDown = "the server is shutting down"

// Close sends every client the close frame 1001 and returns when all of them
// are gone, at the latest after [CloseWait].
func (room *Room) Close() {
	room.mu.Lock()
	for _, c := range room.clients {
		c.close(websocket.CloseGoingAway, shuttingDown)
	}
	room.clients = nil
	room.mu.Unlock()
	room.running.Wait()
}

// enter counts a handler in that Close shall wait for; its end is
// running.Done. It is false once the room is closed.
func (room *Room) enter() bool {
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.clients == nil {
		return false
	}
	room.running.Add(1)
	return true
}

// join puts c into the map and tells everybody, c too, or closes it with the
// reason.
func (room *Room) join(c *Client) {
	room.mu.Lock()
	defer room.mu.Unlock()
	switch err := checkNick(c.nick); {
	case room.clients == nil:
		c.close(websocket.CloseGoingAway, shuttingDown)
	case err != nil:
		c.close(websocket.ClosePolicyViolation, err.Error())
	case room.clients[c.nick] != nil:
		c.close(websocket.ClosePolicyViolation, "this nickname is taken, choose another")
	default:
		room.clients[c.nick] = c
		room.broadcast(Message{Type: Join, From: c.nick})
	}
}

// leave takes c out of the map, if it is in, and tells the others.
func (room *Room) leave(c *Client) {
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.clients[c.nick] == c {
		delete(room.clients, c.nick)
		room.broadcast(Message{Type: Leave, From: c.nick})
	}
}

func (room *Room) say(nick, text string) {
	room.mu.Lock()
	defer room.mu.Unlock()
	room.broadcast(Message{Type: Said, From: nick, Text: text})
}

// broadcast encodes m once and queues it for every client. The caller holds mu.
func (room *Room) broadcast(m Message) {
	data := m.encode()
	for _, c := range room.clients {
		c.send(data)
	}
}
