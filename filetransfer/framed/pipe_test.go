package framed

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// The tests of this file run a Sender and a Receiver over net.Pipe.

var flips = flag.Int("flips", 100, "number of random bits to flip in conversations")

// transfer sends paths to dir, over a connection that damage may wrap on the
// sender's side, and returns the errors of both, joined.
func transfer(t testing.TB, dir *os.Root, damage func(net.Conn) net.Conn, paths ...string) (*Sender, error) {
	t.Helper()
	ours, theirs := net.Pipe()
	if damage != nil {
		ours = damage(ours)
	}
	received := make(chan error, 1)
	go func() { received <- Receiver{}.Receive(t.Context(), theirs, dir) }()
	s := &Sender{}
	err := s.Send(t.Context(), ours, paths)
	return s, errors.Join(err, <-received)
}

// flipper flips one bit of what its side reads or writes.
type flipper struct {
	net.Conn
	mu          sync.Mutex
	read, write int // bits until the one to flip; negative for none
}

func (f *flipper) Read(b []byte) (int, error) {
	n, err := f.Conn.Read(b)
	f.mu.Lock()
	defer f.mu.Unlock()
	flip(b[:n], &f.read)
	return n, err
}

func (f *flipper) Write(b []byte) (int, error) {
	f.mu.Lock()
	b = slices.Clone(b)
	flip(b, &f.write)
	f.mu.Unlock()
	return f.Conn.Write(b)
}

func flip(b []byte, in *int) {
	if *in >= 0 && *in < 8*len(b) {
		b[*in/8] ^= 1 << (*in % 8)
	}
	*in -= 8 * len(b)
}

// Each field of each kind of frame, in a whole conversation with one small and
// one large file; and bits at random, 10,000 of them by -flips 10000.
func TestEveryFlippedBitEndsTheTransferAndNoWrongFileIsSaved(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	want := map[string][]byte{"small": []byte("hello"), "large": bytes.Repeat([]byte("0123456789abcdef"), maxSmall/16+1)}
	var paths []string
	for name, content := range want {
		paths = append(paths, filepath.Join(from, name))
		require.NoError(t, os.WriteFile(filepath.Join(from, name), content, 0o666))
	}
	var sent, read []byte
	_, err := transfer(t, root(t), func(conn net.Conn) net.Conn { return &spy{conn, &sent, &read} }, paths...)
	require.NoError(t, err)

	check := func(t *testing.T, readBit, writeBit int) {
		dir := root(t)
		_, err := transfer(t, dir, func(conn net.Conn) net.Conn { return &flipper{Conn: conn, read: readBit, write: writeBit} }, paths...)
		if err == nil {
			t.Errorf("bit %d to, bit %d from the sender was flipped, and nobody noticed", readBit, writeBit)
		}
		files, err := fs.Glob(dir.FS(), "*")
		require.NoError(t, err)
		for _, name := range files {
			if name == folder {
				continue
			}
			got, err := dir.ReadFile(name)
			require.NoError(t, err)
			require.True(t, bytes.Equal(want[name], got), "a wrong %s was saved", name)
		}
	}
	for _, bit := range positions(t, sent) {
		check(t, -1, bit)
	}
	for _, bit := range positions(t, read) {
		check(t, bit, -1)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for range *flips / 2 {
		check(t, -1, random.IntN(8*len(sent)))
		check(t, random.IntN(8*len(read)), -1)
	}
}

// positions returns a bit in each field of each kind of frame in stream.
func positions(t *testing.T, stream []byte) (bits []int) {
	t.Helper()
	for i := range len(hello) {
		bits = append(bits, 8*i+i%8)
	}
	seen := map[byte]bool{}
	buf := make([]byte, bufferSize)
	r := bytes.NewReader(stream)
	_, err := r.Seek(int64(len(hello)), io.SeekStart)
	require.NoError(t, err)
	for r.Len() > 0 {
		at := len(stream) - r.Len()
		kind, payload, err := readFrame(r, buf)
		require.NoError(t, err)
		if seen[kind] {
			continue
		}
		seen[kind] = true
		fields := []int{0, 1, 2, 3, 4, 8, 11} // kind, length, the two sums
		for _, n := range []int{0, 4, 5, 12, len(payload) / 2, len(payload) - 1} {
			if n >= 0 && n < len(payload) {
				fields = append(fields, frameHeader+n)
			}
		}
		for i, field := range fields {
			bits = append(bits, 8*(at+field)+i%8)
		}
	}
	return bits
}

// spy keeps what its side writes and reads.
type spy struct {
	net.Conn
	sent, read *[]byte
}

func (s *spy) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	*s.read = append(*s.read, b[:n]...)
	return n, err
}

func (s *spy) Write(b []byte) (int, error) {
	*s.sent = append(*s.sent, b...)
	return s.Conn.Write(b)
}

// replay is a connection on which everything has been said already.
type replay struct{ io.Reader }

func (*replay) Write(b []byte) (int, error)      { return len(b), nil }
func (*replay) Close() error                     { return nil }
func (*replay) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*replay) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*replay) SetDeadline(time.Time) error      { return nil }
func (*replay) SetReadDeadline(time.Time) error  { return nil }
func (*replay) SetWriteDeadline(time.Time) error { return nil }

func TestASenderThatIsSlowOrSilentIsCutOff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		send func(conn net.Conn) error
		want time.Duration
	}{
		{"it says nothing", func(conn net.Conn) error { return nil }, firstByte},
		{"it stops in its hello", func(conn net.Conn) error { _, err := io.WriteString(conn, hello[:3]); return err }, 7 * time.Second},
		{"it stops in a frame", func(conn net.Conn) error { _, err := io.WriteString(conn, hello+"H"); return err }, 7 * time.Second},
		{"it sends a byte now and then", func(conn net.Conn) error {
			stream := hello + string(RawHeader(0, 1, 0, "x", ""))
			for i := range stream {
				time.Sleep(900 * time.Millisecond)
				if _, err := io.WriteString(conn, stream[i:i+1]); err != nil {
					return nil
				}
			}
			return errors.New("all of it was taken")
		}, 14200 * time.Millisecond}, // a hello in time, but no frame
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				defer ours.Close()
				go io.Copy(io.Discard, ours)
				sent := make(chan error, 1)
				go func() { sent <- tt.send(ours) }()
				start := time.Now()
				err := Receiver{Timeout: 7 * time.Second}.Receive(t.Context(), theirs, root(t))
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				require.Equal(t, tt.want, time.Since(start))
				ours.Close()
				require.NoError(t, <-sent)
			})
		})
	}
}

func TestASlowDiskEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.WriteFile(path, []byte("X"), 0o666))
		ours, theirs := net.Pipe()
		received := make(chan error, 1)
		slow := func(w io.Writer) io.Writer { time.Sleep(time.Hour); return w }
		go func() {
			received <- Receiver{Timeout: 7 * time.Second, wrap: slow}.Receive(t.Context(), theirs, root(t))
		}()
		require.NoError(t, (&Sender{Timeout: 7 * time.Second}).Send(t.Context(), ours, []string{path}))
		require.NoError(t, <-received)
	})
}

func TestAReceiverThatIsSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x")
		require.NoError(t, os.WriteFile(path, []byte("X"), 0o666))
		ours, theirs := net.Pipe()
		defer theirs.Close()
		go func() { io.WriteString(theirs, hello); io.Copy(io.Discard, theirs) }()
		start := time.Now()
		err := (&Sender{Timeout: 7 * time.Second}).Send(t.Context(), ours, []string{path})
		require.ErrorContains(t, err, "the receiver was silent for 7s")
		require.Equal(t, 7*time.Second, time.Since(start))
	})
}

func TestTheSeventeenthSenderWaitsForOneOfSixteen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ln := &pipes{conns: make(chan net.Conn, maxSenders+1), closed: make(chan struct{})}
		var senders []net.Conn
		for range maxSenders + 1 {
			ours, theirs := net.Pipe()
			senders = append(senders, ours)
			ln.conns <- theirs
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Receiver{}.Serve(ctx, ln, root(t)) }()
		var heard atomic.Int32
		for _, conn := range senders {
			go func() {
				io.WriteString(conn, hello+string(rawFrame(kindAlive, nil)))
				heard.Add(1)
				io.Copy(io.Discard, conn)
			}()
		}
		synctest.Wait()
		require.EqualValues(t, maxSenders, heard.Load())
		for _, conn := range senders {
			conn.Close()
		}
		synctest.Wait()
		require.EqualValues(t, maxSenders+1, heard.Load())
		cancel()
		require.NoError(t, <-done)
	})
}

// pipes is a listener for connections that are there already.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestALimitIsKept(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{1000, 50_000, 1_000_000} {
		synctest.Test(t, func(t *testing.T) {
			const size = 400_000
			path := filepath.Join(t.TempDir(), "x")
			require.NoError(t, os.WriteFile(path, make([]byte, size), 0o666))
			ours, theirs := net.Pipe()
			received := make(chan error, 1)
			go func() { received <- Receiver{}.Receive(t.Context(), theirs, root(t)) }()
			start := time.Now()
			require.NoError(t, (&Sender{Limit: limit}).Send(t.Context(), ours, []string{path}))
			require.NoError(t, <-received)
			want := time.Duration(float64(size) / float64(limit) * 1e9)
			require.InDelta(t, want.Seconds(), time.Since(start).Seconds(), 1.1, limit) // a burst is free
		})
	}
}

func TestAFileThatChangesWhileItIsSentIsNotSaved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(path string) error
		want   string
	}{
		{"it becomes shorter", func(path string) error { return os.Truncate(path, 10) }, "it became shorter while it was sent"},
		{"it becomes longer", func(path string) error { return os.Truncate(path, 1<<21) }, "it changed while it was sent"},
		{"it is written anew", func(path string) error { return os.WriteFile(path, make([]byte, 1<<20), 0o666) }, "it changed while it was sent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "x")
			require.NoError(t, os.WriteFile(path, bytes.Repeat([]byte("x"), 1<<20), 0o666))
			old := time.Now().Add(-time.Hour)
			require.NoError(t, os.Chtimes(path, old, old))
			dir := root(t)
			_, err := transfer(t, dir, func(conn net.Conn) net.Conn { return &when{Conn: conn, do: func() error { return tt.change(path) }} }, path)
			require.ErrorContains(t, err, tt.want)
			_, err = dir.Lstat("x")
			require.ErrorIs(t, err, fs.ErrNotExist)
		})
	}
}

// when does something once, before a side writes its second piece.
type when struct {
	net.Conn
	pieces int
	do     func() error
}

func (w *when) Write(b []byte) (int, error) {
	if w.pieces++; w.pieces == 2 {
		if err := w.do(); err != nil {
			return 0, err
		}
	}
	return w.Conn.Write(b)
}
