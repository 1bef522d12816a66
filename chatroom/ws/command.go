package ws

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"example.com/netlessons/chatroom/bus"
	"example.com/netlessons/chatroom/protocol"
)

// commands are what a text can ask for that begins with one slash.
var commands = []protocol.Command{
	{Usage: "/nick NAME", Text: "take another nickname"},
	{Usage: "/who", Text: "who is in this room"},
	{Usage: "/rooms", Text: "which rooms there are"},
	{Usage: "/help", Text: "this list"},
}

// isCommand tells commands from texts; a doubled slash begins a text.
func isCommand(text string) bool {
	return strings.HasPrefix(text, "/") && !strings.HasPrefix(text, "//")
}

// command does what m asks for and answers its client.
func (c *Client) command(m protocol.Message) {
	name, argument, _ := strings.Cut(strings.TrimSpace(m.Text), " ")
	answer := protocol.Message{Ref: m.Ref}
	switch name {
	case "/nick":
		if err := c.rename(strings.TrimSpace(argument)); err != nil {
			c.fail(m, err)
		}
		return
	case "/who":
		c.room.mu.Lock()
		answer.Type = protocol.People
		answer.People, answer.Count = c.room.list()
		c.room.mu.Unlock()
	case "/rooms":
		answer.Type, answer.Rooms = protocol.Rooms, c.room.hall.bus.Rooms()
		slices.SortFunc(answer.Rooms, func(a, b protocol.Room) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Room, b.Room))
		})
		answer.Rooms = answer.Rooms[:min(len(answer.Rooms), protocol.MaxRooms)]
	case "/help":
		answer.Type, answer.Commands = protocol.Help, commands
	default:
		c.fail(m, refusal{protocol.UnknownCommand, "there is no such command; /help lists them"})
		return
	}
	c.Send(answer.Encode())
}

// rename gives the client another nickname.
func (c *Client) rename(nick string) error {
	if err := protocol.CheckNick(nick); err != nil {
		return refusal{protocol.BadNick, err.Error()}
	}
	room := c.room
	room.mu.Lock()
	from, claim := c.nick, c.claim
	room.mu.Unlock()
	claim, err := room.bus.Rename(from, claim, nick, c.owner)
	switch {
	case errors.Is(err, bus.ErrTaken):
		return refusal{protocol.NickTaken, err.Error()}
	case err != nil:
		return refusal{protocol.Unavailable, "not done: " + err.Error()}
	}
	room.mu.Lock()
	defer room.mu.Unlock()
	if room.clients[from] == c {
		delete(room.clients, from)
		room.clients[nick] = c
		c.nick, c.claim = nick, claim
	} else { // it has left in the meantime
		go room.bus.Leave(nick, claim)
	}
	return nil
}
