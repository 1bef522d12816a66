package filetransfer

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Send sends the file at path to the receiver at addr, "HOST:PORT", and
// returns how many bytes of content it sent. timeout limits each wait: for the
// connection, and those of [SendOver]. What cannot be sent is an error before
// the receiver hears of it. Notes [send].
func Send(ctx context.Context, addr, path string, timeout time.Duration) (int64, error) {
	// Step 1: path is an argument of the command line, see cmd/send.
	// Step 2: learn about the file, its name without the folders above all.
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if err := checkFile(info); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	// Step 6.1, done early: later, the receiver would be left with an empty
	// file if this one cannot be read.
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()

	// Step 3: the socket for the data.
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return SendOver(ctx, conn, file, timeout)
}

// SendOver sends file over conn and closes conn. It returns nil only if the
// receiver took everything and then closed its side in order (for which conn
// needs CloseWrite, as TCP connections have it). It waits no longer than
// timeout for "ok", and again for that end; the content may take its time. When
// ctx ends or anything fails, it resets the connection: an ordinary close would
// tell the receiver that the file is whole. Notes [send] steps 4–6.
func SendOver(ctx context.Context, conn net.Conn, file *os.File, timeout time.Duration) (size int64, err error) {
	defer context.AfterFunc(ctx, func() { abort(conn) })()
	defer func() {
		if err != nil {
			abort(conn)
			err = fmt.Errorf("%s: %w", file.Name(), cmp.Or(context.Cause(ctx), err))
		}
		conn.Close()
	}()

	// Step 4: send the name without the folders, and nothing else.
	if _, err := io.WriteString(conn, filepath.Base(file.Name())); err != nil {
		return 0, err
	}
	// Step 5: read the answer, and send the content only after "ok".
	if err := readOK(conn, timeout); err != nil {
		return 0, err
	}
	if size, err = sendFile(conn, file); err != nil {
		return size, err
	}
	// Not in the notes: end our side only, and see how the receiver takes it.
	return size, readEnd(conn, timeout)
}

// sendFile sends the content. Notes [send] step 6.
func sendFile(conn net.Conn, file *os.File) (int64, error) {
	// Steps 6.2 to 6.4: read, write, until the end of the file. Between a file
	// and a TCP connection io.Copy lets the system do all of it (sendfile).
	n, err := io.Copy(conn, file)
	if errno, ok := endedByReceiver(err); ok {
		err = fmt.Errorf("the receiver ended the transfer; its log may say why: %w", errno)
	}
	if err != nil {
		err = fmt.Errorf("after %d bytes: %w", n, err)
	}
	return n, err
}
