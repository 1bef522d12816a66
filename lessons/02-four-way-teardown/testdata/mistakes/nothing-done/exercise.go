// want: "Finish sends nothing; is the TODO still there?"
// zh: "Finish 什么也没发：TODO 还没写吗？"

// Package exercise is lesson 2: end a connection so that nothing is lost, in
// either direction, and so that no end is reset.
package exercise

import (
	"net"
	"time"
)

// A Conn is one end of a TCP connection, such as a [net.TCPConn]. CloseWrite
// closes one direction: it sends FIN, and receiving goes on.
type Conn interface {
	net.Conn
	CloseWrite() error
}

// Finish ends conn. It sends last, says that this was all, and returns what the
// peer still sends until it has come to its own end. Whatever happens, conn is
// closed when Finish returns. If all this takes longer than timeout, the error
// is [os.ErrDeadlineExceeded]. last is small. Notes [teardown] steps 1 to 4.
func Finish(conn Conn, last []byte, timeout time.Duration) ([]byte, error) {
	return nil, nil
}
