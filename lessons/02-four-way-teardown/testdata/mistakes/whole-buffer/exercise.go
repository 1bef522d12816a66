// want: "a Read has filled only buf[:n]; what is behind n is not the peer's"
// zh: "Read 只填了 buf[:n]，n 之后的不是对端的数据"

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

	// Step 1: send last, then FIN.
	if _, err := conn.Write(last); err != nil {
		return nil, err
	}
	if err := conn.CloseWrite(); err != nil {
		return nil, err
	}

	// Step 3: half closed: the peer may send for as long as it likes. Its FIN is
	// our io.EOF, which ReadAll takes for what it is: the end, and no failure.
	var rest []byte
	buf := make([]byte, 4096)
	for {
		_, err := conn.Read(buf)
		rest = append(rest, buf...)
		if err == io.EOF {
			return rest, nil
		}
		if err != nil {
			return rest, err
		}
	}
}
