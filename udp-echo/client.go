package udpecho

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"
)

// Dial opens a socket that sends to addr and hears only from addr. Nothing is
// sent yet, so it succeeds whether or not a server is there.
// Notes [udp-client] step 1.
func Dial(addr string) (net.Conn, error) {
	// Step 1: the socket. Dial only writes down the server's address.
	conn, err := net.Dial("udp", addr)
	if err != nil {
		return nil, err
	}
	return roomy(conn.(*net.UDPConn))
}

// Ask sends one question, at most [MaxPayload] bytes, and returns its answer.
// A late answer to an earlier question is passed over. Without an answer it
// returns an error that says what this can mean: [os.ErrDeadlineExceeded]
// after the timeout, ECONNREFUSED as soon as the server's host says that
// nobody listens there. Notes [udp-client] step 2.
func Ask(conn net.Conn, question []byte, timeout time.Duration) ([]byte, error) {
	if err := conn.SetDeadline(time.Now().Add(timeout)); err != nil {
		return nil, err
	}
	// Step 2: from here on as with TCP: write, then read.
	if _, err := conn.Write(question); err != nil {
		return nil, explain(err, conn.RemoteAddr())
	}
	buf := make([]byte, MaxPayload)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil, explain(err, conn.RemoteAddr())
		}
		if bytes.Equal(buf[:n], question) {
			return buf[:n], nil
		}
	}
}

// explain says what a missing answer can mean.
func explain(err error, server net.Addr) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no answer from %s in time: the question or its answer was lost, or the server is slow, or none is there: %w", server, err)
	case errors.Is(err, syscall.EMSGSIZE), errors.Is(err, errTooLong):
		return fmt.Errorf("%w; a datagram takes at most %d bytes: ask something shorter", err, MaxPayload)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no server at %s, as its host says (ICMP port unreachable): %w", server, err)
	}
	return err
}
