// Package exercise is lesson 11: a chat room that no client can hold up, with
// a queue for each and no network. Fill in what says TODO.
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
	queue int // how many messages may wait for a client
	// TODO: who is in the room, and what keeps two goroutines from changing that at once.
}

// NewRoom returns an empty room.
func NewRoom(queue int) *Room {
	return &Room{queue: queue}
}

// Join puts a new client into the room, which hears what is said from now on.
// After Close the new client is out at once.
func (room *Room) Join() *Client {
	// TODO: a client with its channel. What if the room is closed?
	return nil
}

// Leave puts c out: it can still read what waits in its queue. For a client
// that is out already, Leave does nothing.
func (room *Room) Leave(c *Client) {
	// TODO: what happens if two goroutines do this at once?
}

// Broadcast says text to everybody. All clients hear all messages in the same
// order. One whose queue is full is put out: it shall not miss a message
// without knowing.
func (room *Room) Broadcast(text string) {
	// TODO: a send that does not wait.
}

// Close puts everybody out. What is called afterwards does no harm.
func (room *Room) Close() {
	// TODO: what about those who wait for a message?
}
