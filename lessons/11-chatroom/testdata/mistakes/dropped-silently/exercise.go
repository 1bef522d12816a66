// want: "eve misses a message and does not know it"
// zh: "eve 漏掉了消息自己却不知道：队列满了，就应当让她离开房间"

// Package exercise is lesson 11: a chat room that no client can hold up, with
// a queue for each and no network.
//
//	Broadcast ──► Messages of ann ──► ann's goroutine writes to her connection
//	          ├─► Messages of bob ──► bob's goroutine …
//	          └─► Messages of eve     eve does not read: her queue fills, she is put out
package exercise

import "sync"

// A Client is somebody in a room. Its goroutine ranges over Messages, and ends
// when that is closed: the client is out of the room.
type Client struct {
	Messages chan string
}

// A Room passes on what is said to everybody in it. Many goroutines call its
// methods at once; none of the methods waits for a client. After Close no
// goroutine of the room is left.
type Room struct {
	queue int // how many messages may wait for a client

	// Under mu nothing waits. All sends and closes happen under it, so nobody
	// sends on a channel that another closes.
	mu      sync.Mutex
	clients map[*Client]bool // nil after Close
}

// NewRoom returns an empty room.
func NewRoom(queue int) *Room {
	return &Room{queue: queue, clients: map[*Client]bool{}}
}

// Join puts a new client into the room, which hears what is said from now on.
// After Close the new client is out at once.
func (room *Room) Join() *Client {
	room.mu.Lock()
	defer room.mu.Unlock()
	c := &Client{Messages: make(chan string, room.queue)}
	if room.clients == nil {
		close(c.Messages)
		return c
	}
	room.clients[c] = true
	return c
}

// Leave puts c out: it can still read what waits in its queue. For a client
// that is out already, Leave does nothing.
func (room *Room) Leave(c *Client) {
	room.mu.Lock()
	defer room.mu.Unlock()
	room.putOut(c)
}

// Broadcast says text to everybody. All clients hear all messages in the same
// order. One whose queue is full is put out: it shall not miss a message
// without knowing.
func (room *Room) Broadcast(text string) {
	room.mu.Lock()
	defer room.mu.Unlock()
	for c := range room.clients {
		select {
		case c.Messages <- text:
		default:
		}
	}
}

// Close puts everybody out. What is called afterwards does no harm.
func (room *Room) Close() {
	room.mu.Lock()
	defer room.mu.Unlock()
	for c := range room.clients {
		room.putOut(c)
	}
	room.clients = nil
}

// putOut is the only place that closes a channel, and being in the map is what
// entitles to it: so none is closed twice. The caller holds mu.
func (room *Room) putOut(c *Client) {
	if room.clients[c] {
		delete(room.clients, c)
		close(c.Messages)
	}
}
