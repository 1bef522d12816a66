// want: "a peer that never ends makes Read wait for ever; set a deadline before that"
// zh: "对端永不结束，Read 就永远等待：先设置截止时间"

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

	// Step 1: send last, then FIN.
	if _, err := conn.Write(last); err != nil {
		return nil, err
	}
	if err := conn.CloseWrite(); err != nil {
		return nil, err
	}

	// Step 3: half closed: the peer may send for as long as it likes. Its FIN is
	// our io.EOF, which ReadAll takes for what it is: the end, and no failure.
	return io.ReadAll(conn)
}
