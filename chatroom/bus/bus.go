// Package bus carries what is said and who is there from one chat server to
// all, itself too. A room shows nothing that did not come back from the bus:
// so all servers show the same, in the same order.
//
//	server a ── Say, Enter, Rename, Leave ──► bus ──► Said, Came, Renamed, Left ── server a
//	                                             └──────────────────────────────── server b
//
// [Local] is the bus within one process; package natsbus has one for several.
package bus

import (
	"errors"

	"example.com/netlessons/chatroom/protocol"
)

// ErrTaken is the error of [Room.Enter] and [Room.Rename] for a nickname that
// another owner has.
var ErrTaken = errors.New("this nickname is taken, choose another")

// ErrDetached is the error of a bus that has lost its other servers for now.
var ErrDetached = errors.New("the link to the other servers is down")

// Bus connects one server.
type Bus interface {
	// Open connects a room of this server. Before it returns, l has been told
	// who is there and what the bus still has of what was said. After the id
	// it returns nothing is missing in that.
	Open(room string, l Listener) (_ Room, after uint64, _ error)
	// Rooms lists the rooms of all servers with somebody in them.
	Rooms() []protocol.Room
}

// Room is the server's way to speak in a room. Its methods call the listener
// before they return or later, so that the caller may hold no lock which the
// listener needs.
type Room interface {
	// Say passes m on, with an id and a time. sender is an [Owner].
	Say(m protocol.Message, sender string) error
	// Enter takes a nickname for an owner, from an earlier claim of the same
	// owner if there is one. Later claims have greater numbers.
	Enter(nick, owner string) (claim uint64, err error)
	// Rename gives the claim to nickname from up for one to nickname to.
	Rename(from string, claim uint64, to, owner string) (uint64, error)
	// Leave gives a nickname up if the claim still holds.
	Leave(nick string, claim uint64)
	// Close ends the calls of the listener.
	Close()
}

// Listener hears of what happens in a room, one call after another.
type Listener interface {
	Said(m protocol.Message, sender string)
	Came(nick string, claim uint64) // also when a claim takes over an earlier one
	Left(nick string, claim uint64) // claims up to this one
	Renamed(from, to string, claim uint64)
	Attached(bool) // false: the other servers cannot be reached, Say and Enter fail
}
