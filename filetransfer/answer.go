package filetransfer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// readOK reads the receiver's answer. Some answer "OK".
func readOK(conn net.Conn, timeout time.Duration) error {
	if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	buf := make([]byte, 64) // more than "ok", to show what came instead
	n, err := io.ReadAtLeast(conn, buf, len("ok"))
	switch answer := string(buf[:n]); {
	case answer == "ok", answer == "OK":
		return nil
	case n > 0:
		return fmt.Errorf("the receiver answered %q, not \"ok\"", answer)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("no answer from the receiver within %s: %w", timeout, err)
	default:
		return fmt.Errorf("the receiver refused the file; its log may say why: %w", err)
	}
}

// readEnd ends our side of conn and waits for the receiver to end the other. A
// reset instead, before or after ours, means that it could not keep the file.
func readEnd(conn net.Conn, timeout time.Duration) error {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return nil // net.Pipe, for one, has no sides to end
	}
	if err := conn.SetReadDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	err := half.CloseWrite()
	if err == nil {
		_, err = io.Copy(io.Discard, conn)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("all is sent, but the receiver has not closed within %s; look there whether the file is whole: %w", timeout, err)
	case err != nil:
		return fmt.Errorf("the receiver did not keep the file; its log may say why: %w", err)
	}
	return nil
}

// endedByReceiver finds in a write error that the other side is gone. What is
// around it names our file, because sendfile reads and writes in one. Windows
// has numbers of its own, which mean nothing on other systems.
func endedByReceiver(err error) (errno syscall.Errno, ok bool) {
	const windowsConnAborted, windowsConnReset = syscall.Errno(10053), syscall.Errno(10054)
	if errors.As(err, &errno) {
		switch errno {
		case syscall.EPIPE, syscall.ECONNRESET, windowsConnAborted, windowsConnReset:
			return errno, true
		}
	}
	return 0, false
}

// abort closes conn with a reset, so that the other side sees an error. An
// ordinary close would look like the end of a whole file. Only TCP connections
// can reset; any other conn is just closed.
func abort(conn net.Conn) {
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
