package udpecho

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
)

// MaxPayload is the most that one datagram can carry over IPv4: a packet of
// 65,535 bytes without 20 bytes of IP header and 8 of UDP header.
const MaxPayload = 65_507

// Listen opens the one socket of a server. addr is "HOST:PORT"; port 0 lets
// the system choose. Notes [udp-server] steps 1 and 2.
func Listen(addr string) (*net.UDPConn, error) {
	// Step 1: the address, a struct of IP and port.
	udpAddr, err := net.ResolveUDPAddr("udp", addr)
	if err != nil {
		return nil, err
	}
	// Step 2: the socket for the data. Nothing is ever accepted from it.
	conn, err := net.ListenUDP("udp", udpAddr)
	if err != nil {
		return nil, err
	}
	return roomy(conn)
}

// Serve answers each datagram on conn with its own bytes, up to limit bytes.
// A longer one is reported to log and not answered: its end is lost, and half
// of a question is another question. Serve returns nil once ctx ends it, and
// the read error otherwise; it closes conn. Notes [udp-server] steps 3 and 4.
func Serve(ctx context.Context, conn net.PacketConn, limit int, log *slog.Logger) error {
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	buf := make([]byte, limit+1) // one byte more than is answered shows that there was more
	for {
		// Step 3: read one datagram and learn who sent it.
		n, client, err := conn.ReadFrom(buf)
		switch {
		case ctx.Err() != nil:
			return nil
		case n > limit || errors.Is(err, errTooLong):
			log.Warn("datagram cut off, not answered", "client", client, "limit", limit)
			continue
		case err != nil:
			return fmt.Errorf("read datagram: %w", err)
		}
		log.Debug("datagram", "client", client, "bytes", n)

		// Step 4: send the answer to that client. n may be 0: an empty datagram is a datagram.
		if _, err := conn.WriteTo(buf[:n], client); err != nil {
			log.Warn("answer not sent", "client", client, "err", err)
		}
	}
}

// errTooLong is how Windows says that a datagram did not fit into the buffer
// (WSAEMSGSIZE). Other systems cut it off silently.
const errTooLong = syscall.Errno(10040)

// roomy gives conn a buffer for sending that holds the largest datagram.
// Without it, macOS refuses to send more than 9,216 bytes.
func roomy(conn *net.UDPConn) (*net.UDPConn, error) {
	if err := conn.SetWriteBuffer(1 << 20); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}
