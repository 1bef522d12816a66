package udpecho_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	udpecho "example.com/netlessons/udp-echo"
)

const timeout = 10 * time.Second // never reached unless something is broken

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEveryDatagramIsAnsweredWhole(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, udpecho.MaxPayload)
	for _, tt := range []struct {
		name     string
		question string
	}{
		{"a word", "hello"},
		{"text in any language", "你好, UDP"},
		{"an empty datagram, which is a datagram too", ""},
		{"bytes that are no text, a zero among them", "\x00\xff\xfe\x00"},
		{"the largest payload over IPv4", strings.Repeat("x", udpecho.MaxPayload)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			answer, err := udpecho.Ask(dial(t, addr), []byte(tt.question), timeout)
			require.NoError(t, err)
			if diff := cmp.Diff(tt.question, string(answer)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneSocketAnswersAThousandClients(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, udpecho.MaxPayload)
	var clients []net.Conn
	for range 1000 {
		clients = append(clients, dial(t, addr))
	}

	var wg sync.WaitGroup
	asking := make(chan struct{}, 100) // more at once would overrun the server's receive buffer
	for i, conn := range clients {
		asking <- struct{}{}
		wg.Go(func() {
			defer func() { <-asking }()
			question := fmt.Appendf(nil, "client %d", i)
			if answer, err := udpecho.Ask(conn, question, timeout); err != nil || !bytes.Equal(answer, question) {
				t.Errorf("client %d: got %q, %v", i, answer, err)
			}
		})
	}
	wg.Wait()
}

func TestADatagramThatIsCutOffIsReportedAndNotAnswered(t *testing.T) {
	t.Parallel()
	addr, stop := serve(t, 8)
	conn := dial(t, addr)
	for _, question := range []string{"8 bytes.", "9 bytes..", "many more than 8 bytes"} {
		_, err := conn.Write([]byte(question))
		require.NoError(t, err)
	}

	// The first answer is for the first question. The next answer that comes
	// is for a question asked after the long ones: those got none.
	for _, question := range []string{"8 bytes.", "the end"} {
		if question == "the end" {
			_, err := conn.Write([]byte(question))
			require.NoError(t, err)
		}
		buf := make([]byte, 100)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(timeout)))
		n, err := conn.Read(buf)
		require.NoError(t, err)
		require.Equal(t, question, string(buf[:n]))
	}
	require.Equal(t, 2, strings.Count(stop(), "datagram cut off, not answered"))
}

func TestALateAnswerIsNotTakenForTheNextOne(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, udpecho.MaxPayload)
	conn := dial(t, addr)
	_, err := conn.Write([]byte("asked before, never read"))
	require.NoError(t, err)

	answer, err := udpecho.Ask(conn, []byte("asked now"), timeout)
	require.NoError(t, err)
	require.Equal(t, "asked now", string(answer))
}

func TestAskSaysWhatAMissingAnswerCanMean(t *testing.T) {
	t.Parallel()
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	_, err = udpecho.Ask(dial(t, silent.LocalAddr().String()), []byte("hello?"), time.Nanosecond)
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.ErrorContains(t, err, "the question or its answer was lost, or the server is slow, or none is there")
}

func TestAskSaysWhatIsTooLong(t *testing.T) {
	t.Parallel()
	addr, _ := serve(t, udpecho.MaxPayload)
	_, err := udpecho.Ask(dial(t, addr), make([]byte, udpecho.MaxPayload+1), timeout)
	require.ErrorContains(t, err, "a datagram takes at most 65507 bytes: ask something shorter")
}

func TestAskHearsThatNobodyListens(t *testing.T) {
	t.Parallel()
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, closed.Close())
	if runtime.GOOS == "windows" {
		t.Skip("skipped: Go lets Windows not pass on ICMP port unreachable")
	}
	_, err = udpecho.Ask(dial(t, closed.LocalAddr().String()), []byte("hello?"), timeout)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.ErrorContains(t, err, "no server at "+closed.LocalAddr().String())
}

func TestServeEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		end     func(cancel context.CancelFunc, conn net.PacketConn)
		wantErr error
	}{
		{"without an error when its context ends", func(cancel context.CancelFunc, _ net.PacketConn) { cancel() }, nil},
		{"with an error when its socket breaks", func(_ context.CancelFunc, conn net.PacketConn) { conn.Close() }, net.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := udpecho.Listen("127.0.0.1:0")
			require.NoError(t, err)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			tt.end(cancel, conn)
			require.ErrorIs(t, udpecho.Serve(ctx, conn, 8, slog.New(slog.DiscardHandler)), tt.wantErr)
		})
	}
}

// serve runs a server for the test. stop ends it and returns what it logged.
func serve(t *testing.T, limit int) (addr string, stop func() string) {
	t.Helper()
	conn, err := udpecho.Listen("127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var log bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- udpecho.Serve(ctx, conn, limit, slog.New(slog.NewTextHandler(&log, nil))) }()
	stop = sync.OnceValue(func() string {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		return log.String()
	})
	t.Cleanup(func() { stop() })
	return conn.LocalAddr().String(), stop
}

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := udpecho.Dial(addr)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}
