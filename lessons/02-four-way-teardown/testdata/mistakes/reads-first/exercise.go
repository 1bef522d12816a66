// want: "both ends wait for the other one to end first; send what you have before you read"
// zh: "两端都在等对方先结束：先把要发的发出去，再读"

// Package exercise is lesson 2: end a connection so that nothing is lost, in
// either direction, and so that no end is reset.
package exercise

import (
	"io"
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
	defer conn.Close() // both FINs are through by then, or there is an error
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}

	rest, err := io.ReadAll(conn)
	if err != nil {
		return rest, err
	}
	if _, err := conn.Write(last); err != nil {
		return rest, err
	}
	return rest, conn.CloseWrite()
}
