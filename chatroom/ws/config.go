package ws

import (
	"time"

	"example.com/netlessons/chatroom/bus"
)

// Config says what the server allows.
type Config struct {
	Name    string   // of this server, where there are several
	Bus     bus.Bus  // to the other servers; nil if there are none
	Origins []string // pages of other sites that may connect, as "https://HOST"

	Connections           int // most of them, and
	ConnectionsPerAddress int // from one address
	Rooms                 int // most of them

	MessageBytes      int           // longest message of a client
	MessagesPerSecond int           // that a client may send, and as many at once; the rest waits
	QueueMessages     int           // most that may wait for a slow client, and
	QueueBytes        int           // the same in bytes
	HistoryMessages   int           // of the past that a room keeps, and
	HistoryBytes      int           // the same in bytes
	WriteTimeout      time.Duration // for one message
	PongTimeout       time.Duration // without any message or answer to a ping; pings go out at nine tenths of it
}
