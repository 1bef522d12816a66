package tcphandshake

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
)

// Serve accepts connections from ln and sends back to each client what it
// sends, until the client has sent its last byte. A failed connection is
// reported to log and hurts no other. Serve returns nil once ctx ends it, and
// the Accept error otherwise; it closes ln and every connection, and waits
// for their goroutines.
func Serve(ctx context.Context, ln net.Listener, log *slog.Logger) error {
	var handlers sync.WaitGroup
	defer handlers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { ln.Close() })()
	defer ln.Close()

	for {
		// [handshake]: the system has answered SYN with SYN+ACK (step 2) and
		// has seen the ACK (step 3) before Accept returns the connection.
		conn, err := ln.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		handlers.Go(func() {
			if err := echo(ctx, conn); err != nil && ctx.Err() == nil {
				log.Warn("connection failed", "client", conn.RemoteAddr(), "err", err)
			}
		})
	}
}

// echo serves one connection.
func echo(ctx context.Context, conn net.Conn) error {
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	// [teardown] steps 1 and 2: Copy ends at EOF, which is the client's FIN.
	// The connection is half closed: what is left can still be sent.
	_, err := io.Copy(conn, conn)

	// [teardown] step 3: our own FIN. The system waits for the last ACK (step 4).
	if closeErr := conn.Close(); err == nil {
		err = closeErr
	}
	return err
}
