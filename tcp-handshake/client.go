package tcphandshake

import (
	"context"
	"io"
	"net"
)

// A HalfCloser is a connection whose sending side can be closed on its own,
// as a [net.TCPConn] can.
type HalfCloser interface {
	net.Conn
	CloseWrite() error
}

// Dial connects to the server at addr, "HOST:PORT".
func Dial(ctx context.Context, addr string) (*net.TCPConn, error) {
	// [handshake] steps 1 to 3: Dial sends SYN, and returns when SYN+ACK has
	// come and its ACK is sent. Whether Accept has been called does not matter.
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// Echo sends message, which may be of any length, tells the server that this
// was all, and returns all that the server sends back. It closes conn; so does
// the end of ctx.
func Echo(ctx context.Context, conn HalfCloser, message []byte) ([]byte, error) {
	defer conn.Close() // [teardown] step 4: the last ACK; then the system waits for 2 MSL
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	// Send and receive at the same time: each side stops when the other does
	// not read (notes [window]).
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(message)
		if err == nil {
			err = conn.CloseWrite() // [teardown] step 1: FIN; receiving goes on
		}
		sent <- err
	}()

	answer, err := io.ReadAll(conn) // [teardown] step 3: ends at the server's FIN
	if err != nil {
		conn.Close() // wakes up Write
	}
	if sendErr := <-sent; err == nil {
		err = sendErr
	}
	return answer, err
}
