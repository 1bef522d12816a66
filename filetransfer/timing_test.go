package filetransfer_test

import (
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer"
)

// The tests of this file run on a clock of their own, over net.Pipe.

func TestANameInPiecesIsPutTogether(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		pieces []string
		pause  time.Duration
		want   folder
	}{
		{"two halves, the second at once", []string{"not", "es.txt"}, 0, folder{"notes.txt": "content"}},
		{"two halves, the second after 19 ms", []string{"not", "es.txt"}, 19 * time.Millisecond, folder{"notes.txt": "content"}},
		{"a Chinese character in three pieces", []string{"\xe4", "\xbd", "\xa0"}, 10 * time.Millisecond, folder{"你": "content"}},
		{"255 bytes one by one", strings.Split(strings.Repeat("x", 255), ""), 10 * time.Millisecond, folder{strings.Repeat("x", 255): "content"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				recv, conn := servePipe(t)
				for _, piece := range tt.pieces {
					time.Sleep(tt.pause)
					_, err := io.WriteString(conn, piece)
					require.NoError(t, err)
				}
				buf := make([]byte, 4096)
				n, err := conn.Read(buf)
				require.NoError(t, err)
				require.Equal(t, "ok", string(buf[:n]))
				_, err = io.WriteString(conn, "content")
				require.NoError(t, err)
				conn.Close()

				recv.waitLog(t, "file received")
				if diff := cmp.Diff(tt.want, read(t, recv.dir)); diff != "" {
					t.Errorf("folder of the receiver (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestASenderThatSaysNothingIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		recv, conn := servePipe(t)
		start := time.Now()
		_, err := conn.Read(make([]byte, 1))
		require.ErrorIs(t, err, io.EOF)
		require.Equal(t, 10*time.Second, time.Since(start))
		require.Contains(t, recv.waitLog(t, "file not received"), "i/o timeout")
	})
}

func TestASenderMayPauseInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		recv, conn := servePipe(t)
		for _, piece := range []string{"slow.txt", "con", "tent"} {
			_, err := io.WriteString(conn, piece)
			require.NoError(t, err)
			if piece == "slow.txt" {
				_, err = io.ReadFull(conn, make([]byte, 2))
				require.NoError(t, err)
			}
			time.Sleep(time.Hour)
		}
		conn.Close()
		recv.waitLog(t, "file received")
		if diff := cmp.Diff(folder{"slow.txt": "content"}, read(t, recv.dir)); diff != "" {
			t.Errorf("folder of the receiver (-want +got):\n%s", diff)
		}
	})
}

func TestSendWaitsNoLongerThanItsTimeout(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		receive func(conn net.Conn)
		wantErr string
	}{
		{"for the answer", func(conn net.Conn) { answer(conn, "") }, "no answer from the receiver within 3s"},
		{"for the receiver to close", func(conn net.Conn) { answer(conn, "ok"); io.CopyN(io.Discard, conn, 7) }, "the receiver has not closed within 3s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				file, err := os.Open(write(t, "a.txt", "content"))
				require.NoError(t, err)
				defer file.Close()
				ours, theirs := net.Pipe()
				defer theirs.Close()
				go tt.receive(theirs)

				start := time.Now()
				_, err = filetransfer.SendOver(t.Context(), halves{ours}, file, 3*time.Second)
				require.ErrorContains(t, err, tt.wantErr)
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				require.Equal(t, 3*time.Second, time.Since(start))
			})
		})
	}
}

func TestAReceiverThatIsGoneWhenAllIsSentDidNotKeepTheFile(t *testing.T) {
	t.Parallel()
	file, err := os.Open(write(t, "a.txt", "content"))
	require.NoError(t, err)
	defer file.Close()
	ours, theirs := net.Pipe()
	defer theirs.Close()
	go func() { answer(theirs, "ok"); io.CopyN(io.Discard, theirs, 7) }()
	_, err = filetransfer.SendOver(t.Context(), gone{ours}, file, timeout)
	require.ErrorContains(t, err, "the receiver did not keep the file; its log may say why: shutdown: ")
}

// servePipe is serve for one sender, at the other end of a net.Pipe.
func servePipe(t *testing.T) (*receiver, net.Conn) {
	t.Helper()
	ours, theirs := net.Pipe()
	ln := &pipeListener{conns: make(chan net.Conn, 1), closed: make(chan struct{})}
	ln.conns <- theirs
	t.Cleanup(func() { ours.Close() })
	return serveOn(t, ln), ours
}

type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (ln *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-ln.conns:
		return conn, nil
	case <-ln.closed:
		return nil, net.ErrClosed
	}
}

func (ln *pipeListener) Close() error   { ln.once.Do(func() { close(ln.closed) }); return nil }
func (ln *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// halves is a pipe that lets its user believe that one side can be ended.
type halves struct{ net.Conn }

func (halves) CloseWrite() error { return nil }

// gone is a connection that was reset just now, which TCP tells at CloseWrite.
type gone struct{ net.Conn }

func (gone) CloseWrite() error { return os.NewSyscallError("shutdown", syscall.ENOTCONN) }
