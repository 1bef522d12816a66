package ws

import (
	"errors"
	"strings"

	"github.com/gorilla/websocket"

	"example.com/netlessons/chatroom/protocol"
)

// say passes m on to everybody, by way of the bus.
func (c *Client) say(m protocol.Message) {
	c.room.mu.Lock()
	from := c.nick
	c.room.mu.Unlock()
	err := c.room.bus.Say(protocol.Message{Type: protocol.Said, From: from, Text: strings.TrimPrefix(m.Text, "/"), Ref: m.Ref}, c.owner)
	if err != nil {
		c.fail(m, refusal{protocol.Unavailable, "not sent: " + err.Error()})
	}
}

// fail tells the client why what it asked for in m was not done.
func (c *Client) fail(m protocol.Message, err error) {
	var why refusal
	if !errors.As(err, &why) {
		why = refusal{protocol.Unavailable, err.Error()}
	}
	c.Send(protocol.Message{Type: protocol.Error, Code: why.word, Text: why.text, Ref: m.Ref}.Encode())
}

// What follows the bus calls: a [Room] is its listener.

// Said is called for each message of any server.
func (room *Room) Said(m protocol.Message, sender string) {
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.history.has(sender, m.Ref) {
		return // said twice, in doubt whether it was heard
	}
	room.hall.count.messages.Add(1)
	room.tellPresence() // nobody speaks before they came
	room.history.add(m.ID, sender, m.Ref, room.broadcast(m))
}

// Came is called when a nickname is taken, here or on another server.
func (room *Room) Came(nick string, claim uint64) {
	room.mu.Lock()
	defer room.mu.Unlock()
	if c := room.clients[nick]; c != nil && c.claim < claim {
		delete(room.clients, nick)
		c.goElsewhere()
	}
	room.came(nick, claim)
}

// Left is called when a nickname is free again.
func (room *Room) Left(nick string, claim uint64) {
	room.mu.Lock()
	defer room.mu.Unlock()
	if c := room.clients[nick]; c != nil && c.claim <= claim { // while the servers could not reach each other
		c.Close(websocket.CloseTryAgainLater, protocol.Reason(protocol.Unavailable, "your nickname was lost, join again"))
	}
	room.left(nick, claim)
}

// Renamed is called when a client changed its nickname.
func (room *Room) Renamed(from, to string, claim uint64) {
	room.mu.Lock()
	defer room.mu.Unlock()
	room.tellPresence() // that from joined may not have been told yet
	delete(room.people, from)
	room.people[to] = claim
	room.broadcast(protocol.Message{Type: protocol.Nick, From: from, Nick: to})
}

// Attached is called when the link to the other servers went or came back.
func (room *Room) Attached(yes bool) {
	m := protocol.Message{Type: protocol.Status, Code: protocol.Attached, Text: "the link to the other servers is back"}
	if !yes {
		m.Code, m.Text = protocol.Detached, "the link to the other servers is down; nothing can be said until it is back"
	}
	room.mu.Lock()
	defer room.mu.Unlock()
	room.broadcast(m)
}
