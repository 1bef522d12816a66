// want: "Serve did not answer; is the TODO still there?"
// zh: "Serve 没有应答：TODO 还没写吗？"

// Package exercise is lesson 6: a UDP server that answers every datagram with
// its own bytes, and a client for it.
package exercise

import (
	"net"
	"time"
)

// MaxPayload is the most that one datagram can carry over IPv4.
const MaxPayload = 65_507

// Serve answers each datagram that comes to conn with its own bytes, until
// conn is closed; then it returns nil. Notes [udp-server] steps 3 and 4.
func Serve(conn *net.UDPConn) error {
	return nil
}

// Ask sends one question to the server at addr, "HOST:PORT", and returns its
// answer. Without an answer in time it returns an error that is
// os.ErrDeadlineExceeded. Notes [udp-client] steps 1 and 2.
func Ask(addr string, question []byte, timeout time.Duration) ([]byte, error) {
	return nil, nil
}
