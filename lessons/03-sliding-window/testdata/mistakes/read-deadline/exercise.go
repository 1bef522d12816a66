// want: "a read deadline ends a Read, not a Write; a Write needs SetWriteDeadline"
// zh: "读截止时间只管 Read，管不了 Write：要用 SetWriteDeadline"

// Package exercise is lesson 3: send to a peer that may stop reading. First
// predict when Write waits, and how much it can get rid of; then write a Send
// that does not wait for ever.
package exercise

import (
	"net"
	"time"
)

// A Wait is what a Write has to wait for before it can return.
type Wait string

// A Write waits for none of these, for an ACK of the peer's system, or for the
// peer's program to read.
const (
	Nothing   Wait = "nothing"
	AnACK     Wait = "an ACK"
	TheReader Wait = "the reader"
)

// WaitsFor predicts what a Write of n bytes on a new connection waits for. Its
// own send buffer holds sendBuffer bytes; a byte stays in it until it is
// acknowledged. The peer's system offers a window of that many bytes, and
// acknowledges what fits; the peer's program reads nothing for a long time.
// Notes [window].
func WaitsFor(n, sendBuffer, window int) Wait {
	switch {
	case n <= sendBuffer:
		return Nothing // the window does not matter: nothing need have been sent yet
	case n <= sendBuffer+window:
		return AnACK // each byte that is acknowledged makes room for another one
	default:
		return TheReader // only a read opens the window again
	}
}

// Taken predicts how many of the n bytes Write gets rid of if the peer's
// program never reads.
func Taken(n, sendBuffer, window int) int {
	return min(n, sendBuffer+window) // here, or in the peer's buffer
}

// Send writes data to conn, and gives up after timeout. It returns how many
// bytes conn has taken. If these are not all, there is an error; it is
// [os.ErrDeadlineExceeded] when the time was over. The caller may go on with
// the rest: conn is open, and has no deadline any more.
func Send(conn net.Conn, data []byte, timeout time.Duration) (int, error) {
	if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return 0, err
	}
	defer conn.SetReadDeadline(time.Time{}) // a deadline stays until another is set
	// A Write that fails has taken some of the bytes all the same: n says how
	// many. Taken means in a buffer; whether the peer will read them, nobody knows.
	return conn.Write(data)
}
