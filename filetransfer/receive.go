package filetransfer

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
)

// Serve saves one file in dir from each sender that ln accepts, many at once,
// and reports each to log. A file appears under its name only when all of it
// has come; otherwise nothing stays behind and the sender's connection is
// reset. A sender may pause for as long as its host is there, which TCP
// keep-alive finds out. Serve returns nil once ctx ends it, and the Accept
// error otherwise; it closes ln and ends what is under way. Notes [receive].
func Serve(ctx context.Context, ln net.Listener, dir *os.Root, log *slog.Logger) error {
	var handlers sync.WaitGroup
	defer handlers.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer ln.Close()
	defer context.AfterFunc(ctx, func() { ln.Close() })()

	// Step 1: ln is from net.Listen, see cmd/receive.
	for {
		// Step 2: the socket for the data of one sender.
		conn, err := ln.Accept()
		if ctx.Err() != nil && err != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		handlers.Go(func() { Receive(ctx, conn, nil, dir, log) })
	}
}

// Receive does for one sender what [Serve] does for each, and closes conn.
// begun is what was already read from conn, to see what it speaks.
func Receive(ctx context.Context, conn net.Conn, begun []byte, dir *os.Root, log *slog.Logger) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { abort(conn) })()
	saved, size, err := receive(conn, begun, dir)
	if err != nil {
		abort(conn)
		log.Warn("file not received", "sender", conn.RemoteAddr(), "err", err)
		return err
	}
	log.Info("file received", "sender", conn.RemoteAddr(), "saved", saved, "bytes", size)
	return nil
}

// receive takes one file from conn and returns the name that it got in dir.
func receive(conn net.Conn, begun []byte, dir *os.Root) (saved string, size int64, err error) {
	// Step 3: read the name.
	name, err := readName(conn, begun)
	if err != nil {
		return "", 0, err
	}
	// Step 5.1, before step 4: "ok" says that the file could be created.
	file, err := createTemp(dir)
	if err != nil {
		return "", 0, err
	}
	defer file.remove() // unless it was saved

	// Step 4: answer "ok". Nothing may be written after it: see the package comment.
	if _, err := io.WriteString(conn, "ok"); err != nil {
		return "", 0, fmt.Errorf("%q: answer: %w", name, err)
	}
	// Step 5: receive the content.
	size, err = recvFile(file.File, conn)
	if err != nil {
		return "", size, fmt.Errorf("%q: after %d bytes: %w", name, size, err)
	}
	saved, err = file.save(name)
	return saved, size, err
}

// recvFile receives the content. Notes [receive] step 5.
func recvFile(file *os.File, conn net.Conn) (int64, error) {
	// Steps 5.2 to 5.4: read, write, until the sender ends its side. Between a
	// TCP connection and a file io.Copy lets the system do all of it (splice).
	return io.Copy(file, conn)
}
