package ws

import "time"

// Config says what a room allows.
type Config struct {
	Origins           []string      // pages of other sites that may connect, as "https://HOST"
	MessageBytes      int           // longest message of a client
	MessagesPerSecond int           // that a client may send, and as many at once; the rest waits
	QueueMessages     int           // most that may wait for a slow client, and
	QueueBytes        int           // the same in bytes
	WriteTimeout      time.Duration // for one message
	PongTimeout       time.Duration // without any message or answer to a ping; pings go out at nine tenths of it
}
