// Package exercise is lesson 6: a UDP server that answers every datagram with
// its own bytes, and a client for it. Fill in what says TODO, in the order of
// the notes' steps.
package exercise

import (
	"errors"
	"net"
	"time"
)

// MaxPayload is the most that one datagram can carry over IPv4.
const MaxPayload = 65_507

var errTODO = errors.New("TODO: still to be written")

// Serve answers each datagram that comes to conn with its own bytes, until
// conn is closed; then it returns nil. Notes [udp-server] steps 3 and 4.
func Serve(conn *net.UDPConn) error {
	// TODO: step 3: read a datagram and learn who sent it.
	// TODO: step 4: send the answer to that client, and begin again.
	return errTODO
}

// Ask sends one question to the server at addr, "HOST:PORT", and returns its
// answer. Without an answer in time it returns an error that is
// os.ErrDeadlineExceeded. Notes [udp-client] steps 1 and 2.
func Ask(addr string, question []byte, timeout time.Duration) ([]byte, error) {
	// TODO: step 1: make the socket with net.Dial.
	// TODO: step 2: write, then read, as a TCP client does. What if no answer comes?
	return nil, errTODO
}
