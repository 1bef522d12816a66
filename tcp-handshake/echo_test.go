package tcphandshake_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	tcphandshake "example.com/netlessons/tcp-handshake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServerSendsBackAllUntilTheClientsFIN(t *testing.T) {
	t.Parallel()
	addr := serve(t)
	for _, tt := range []struct {
		name    string
		message string
	}{
		{"a word", "hello"},
		{"nothing: only a handshake and a teardown", ""},
		{"bytes that are no text", "\x00\xff\x00"},
		{"more than both ends can buffer", strings.Repeat("0123456789abcdef", 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := tcphandshake.Dial(t.Context(), addr)
			require.NoError(t, err)
			answer, err := tcphandshake.Echo(t.Context(), conn, []byte(tt.message))
			require.NoError(t, err)
			if !bytes.Equal(answer, []byte(tt.message)) {
				t.Errorf("sent %d bytes, and other %d bytes came back", len(tt.message), len(answer))
			}
		})
	}
}

func TestDialReturnsBeforeAccept(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	defer ln.Close()
	conn, err := tcphandshake.Dial(t.Context(), ln.Addr().String())
	require.NoError(t, err, "Accept has not been called")
	defer conn.Close()
	_, err = conn.Write([]byte("sent before Accept"))
	require.NoError(t, err)

	accepted, err := ln.Accept()
	require.NoError(t, err)
	defer accepted.Close()
	buf := make([]byte, 18)
	_, err = io.ReadFull(accepted, buf)
	require.NoError(t, err)
	require.Equal(t, "sent before Accept", string(buf))
}

func TestAHalfClosedConnectionStillReceives(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	defer ln.Close()
	client, err := tcphandshake.Dial(t.Context(), ln.Addr().String())
	require.NoError(t, err)
	defer client.Close()
	server, err := ln.Accept()
	require.NoError(t, err)

	require.NoError(t, client.CloseWrite())
	_, err = server.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "the client's FIN")
	_, err = server.Write([]byte("still here"))
	require.NoError(t, err)
	require.NoError(t, server.Close())
	rest, err := io.ReadAll(client)
	require.NoError(t, err)
	if diff := cmp.Diff("still here", string(rest)); diff != "" {
		t.Errorf("received after CloseWrite (-want +got):\n%s", diff)
	}
}

func TestServerServesManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	addr := serve(t)
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			message := fmt.Appendf(nil, "client %d", i)
			conn, err := tcphandshake.Dial(t.Context(), addr)
			if err != nil {
				t.Errorf("client %d: %v", i, err)
				return
			}
			answer, err := tcphandshake.Echo(t.Context(), conn, message)
			if err != nil || !bytes.Equal(answer, message) {
				t.Errorf("client %d: got %q, %v", i, answer, err)
			}
		})
	}
	wg.Wait()
}

func TestServeEndsWithItsContextThoughAClientIsConnected(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tcphandshake.Serve(ctx, ln, slog.New(slog.DiscardHandler)) }()
	conn, err := tcphandshake.Dial(t.Context(), ln.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	require.NoError(t, err, "the server has accepted the client")

	cancel()
	require.NoError(t, <-done)
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err, "the server has closed the connection")
}

func TestServeReturnsTheAcceptError(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	err := tcphandshake.Serve(t.Context(), failingListener{listen(t), broken}, slog.New(slog.DiscardHandler))
	require.ErrorIs(t, err, broken)
}

func TestEchoEndsWithItsContextThoughTheServerSaysNothing(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	defer ln.Close()
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := tcphandshake.Dial(ctx, ln.Addr().String())
	require.NoError(t, err)
	cancel()
	_, err = tcphandshake.Echo(ctx, conn, []byte("hello?"))
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestEchoEndsWhenReadingFailsThoughWritingStillWaits(t *testing.T) {
	t.Parallel()
	ln := listen(t)
	defer ln.Close()
	conn, err := tcphandshake.Dial(t.Context(), ln.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Unix(1, 0)))
	_, err = tcphandshake.Echo(t.Context(), conn, make([]byte, 64<<20)) // nobody reads it
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
}

type failingListener struct {
	net.Listener
	err error
}

func (l failingListener) Accept() (net.Conn, error) { return nil, l.err }

// serve runs a server for the test and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	ln := listen(t)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	go func() { done <- tcphandshake.Serve(ctx, ln, log) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return ln
}
