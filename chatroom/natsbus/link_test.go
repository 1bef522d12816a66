package natsbus_test

import (
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/chatroom"
	"example.com/netlessons/chatroom/natsbus/embedded"
	"example.com/netlessons/chatroom/protocol"
)

// link is one chat server's way to NATS, which can be cut.
type link struct {
	server *embedded.Server
	mu     sync.Mutex
	up     bool
	conns  []net.Conn
}

func (l *link) InProcessConn() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.up {
		return nil, errors.New("the link is cut")
	}
	conn, err := l.server.InProcessConn()
	if err == nil {
		l.conns = append(l.conns, conn)
	}
	return conn, err
}

func (l *link) set(up bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.up = up; !up {
		for _, conn := range l.conns {
			conn.Close()
		}
		l.conns = nil
	}
}

func (s *chatServer) join(t testing.TB, join chatroom.Join) *chatroom.Conn {
	t.Helper()
	conn, err := chatroom.Dial(t.Context(), s.addr, join)
	require.NoError(t, err)
	timer := time.AfterFunc(timeout, func() { conn.Close() })
	t.Cleanup(func() { timer.Stop(); conn.Close() })
	return conn
}

func line(t testing.TB, conn *chatroom.Conn) string {
	t.Helper()
	m, err := conn.Receive()
	require.NoError(t, err)
	return m.String()
}

// next returns the next message of that type.
func next(t testing.TB, conn *chatroom.Conn, kind string) protocol.Message {
	t.Helper()
	for {
		m, err := conn.Receive()
		require.NoError(t, err)
		if m.Type == kind {
			return m
		}
	}
}

func said(t testing.TB, conn *chatroom.Conn) string {
	t.Helper()
	return next(t, conn, protocol.Said).String()
}

func status(t testing.TB, conn *chatroom.Conn) string {
	t.Helper()
	return next(t, conn, protocol.Status).Code
}

func reportP99(b *testing.B, samples []time.Duration) {
	slices.Sort(samples)
	b.ReportMetric(float64(samples[len(samples)*99/100].Microseconds())/1000, "p99-ms")
}
