// Package exercise is lesson 3: send to a peer that may stop reading. First
// predict when Write waits, and how much it can get rid of; then write a Send
// that does not wait for ever. Fill in what says TODO.
package exercise

import (
	"errors"
	"net"
	"time"
)

var errTODO = errors.New("TODO: still to be written")

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
	// TODO: when does Write return at once? When does it help that ACKs come?
	return ""
}

// Taken predicts how many of the n bytes Write gets rid of if the peer's
// program never reads.
func Taken(n, sendBuffer, window int) int {
	// TODO: where can a byte be that was written and not read?
	return -1
}

// Send writes data to conn, and gives up after timeout. It returns how many
// bytes conn has taken. If these are not all, there is an error; it is
// [os.ErrDeadlineExceeded] when the time was over. The caller may go on with
// the rest: conn is open, and has no deadline any more.
func Send(conn net.Conn, data []byte, timeout time.Duration) (int, error) {
	// TODO: write, but not for ever; and tell how far it came.
	return 0, errTODO
}
