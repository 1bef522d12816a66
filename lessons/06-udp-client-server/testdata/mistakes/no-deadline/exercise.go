// want: "Ask waits for ever for a datagram that was lost"
// zh: "Ask 永远在等一个已经丢失的数据报：先设置截止时间再读"

// Package exercise is lesson 6: a UDP server that answers every datagram with
// its own bytes, and a client for it.
package exercise

import (
	"errors"
	"net"
	"time"
)

// MaxPayload is the most that one datagram can carry over IPv4.
const MaxPayload = 65_507

// Serve answers each datagram that comes to conn with its own bytes, until
// conn is closed; then it returns nil. Notes [udp-server] steps 3 and 4.
func Serve(conn *net.UDPConn) error {
	buf := make([]byte, MaxPayload) // Read throws away what does not fit
	for {
		// Step 3: read a datagram and learn who sent it.
		n, client, err := conn.ReadFromUDP(buf)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		// Step 4: send the answer to that client. n may be 0, and buf still
		// holds what came before.
		if _, err := conn.WriteToUDP(buf[:n], client); err != nil {
			return err
		}
	}
}

// Ask sends one question to the server at addr, "HOST:PORT", and returns its
// answer. Without an answer in time it returns an error that is
// os.ErrDeadlineExceeded. Notes [udp-client] steps 1 and 2.
func Ask(addr string, question []byte, timeout time.Duration) ([]byte, error) {
	// Step 1: make the socket.
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// Step 2: write, then read.
	if _, err := conn.Write(question); err != nil {
		return nil, err
	}
	answer := make([]byte, MaxPayload)
	n, err := conn.Read(answer)
	return answer[:n], err
}
