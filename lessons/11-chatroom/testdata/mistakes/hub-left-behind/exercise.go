// want: "the room has started a goroutine that nothing ends"
// zh: "房间启动了一个没有人结束它的 goroutine：Close 要结束它，最好根本不启动"

// Package exercise is lesson 11: a chat room that no client can hold up, with
// a queue for each and no network.
//
//	Broadcast ──► Messages of ann ──► ann's goroutine writes to her connection
//	          ├─► Messages of bob ──► bob's goroutine …
//	          └─► Messages of eve     eve does not read: her queue fills, she is put out
package exercise

// A Client is somebody in a room. Its goroutine ranges over Messages, and ends
// when that is closed: the client is out of the room.
type Client struct {
	Messages chan string
}

// A Room passes on what is said to everybody in it. Many goroutines call its
// methods at once; none of the methods waits for a client. After Close no
// goroutine of the room is left.
type Room struct {
	queue   int         // how many messages may wait for a client
	do      chan func() // what the hub shall do next
	clients map[*Client]bool
	closed  bool
}

// NewRoom returns an empty room.
func NewRoom(queue int) *Room {
	room := &Room{queue: queue, do: make(chan func()), clients: map[*Client]bool{}}
	go func() {
		for f := range room.do {
			f()
		}
	}()
	return room
}

// inHub runs f in the hub's goroutine, where nothing else runs meanwhile.
func (room *Room) inHub(f func()) {
	done := make(chan struct{})
	room.do <- func() { defer close(done); f() }
	<-done
}

// Join puts a new client into the room, which hears what is said from now on.
// After Close the new client is out at once.
func (room *Room) Join() *Client {
	c := &Client{Messages: make(chan string, room.queue)}
	room.inHub(func() {
		room.clients[c] = true
		if room.closed {
			room.putOut(c)
		}
	})
	return c
}

// Leave puts c out: it can still read what waits in its queue. For a client
// that is out already, Leave does nothing.
func (room *Room) Leave(c *Client) {
	room.inHub(func() { room.putOut(c) })
}

// Broadcast says text to everybody. All clients hear all messages in the same
// order. One whose queue is full is put out: it shall not miss a message
// without knowing.
func (room *Room) Broadcast(text string) {
	room.inHub(func() {
		for c := range room.clients {
			select {
			case c.Messages <- text:
			default:
				room.putOut(c)
			}
		}
	})
}

// Close puts everybody out. What is called afterwards does no harm.
func (room *Room) Close() {
	room.inHub(func() {
		for c := range room.clients {
			room.putOut(c)
		}
		room.closed = true
	})
}

func (room *Room) putOut(c *Client) {
	if room.clients[c] {
		delete(room.clients, c)
		close(c.Messages)
	}
}
