package framed_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/filetransfer"
	"example.com/netlessons/filetransfer/framed"
)

// Against nc, rsync and socat: go run ./cmd/bench. These are for a change here:
// before and after.

func BenchmarkOneLargeFile(b *testing.B) {
	from := b.TempDir()
	path := filepath.Join(from, "x")
	require.NoError(b, os.WriteFile(path, make([]byte, 64<<20), 0o666))
	for name, send := range map[string]func(addr string) error{
		"framed": func(addr string) error { return benchSend(b, addr, path) },
		"notes": func(addr string) error {
			_, err := filetransfer.Send(b.Context(), addr, path, timeout)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(64 << 20)
			bench(b, send)
		})
	}
}

func BenchmarkSmallFiles(b *testing.B) {
	from := b.TempDir()
	const n = 1000
	for i := range n {
		require.NoError(b, os.WriteFile(filepath.Join(from, fmt.Sprint(i)), make([]byte, 4<<10), 0o666))
	}
	b.SetBytes(n * 4 << 10)
	bench(b, func(addr string) error { return benchSend(b, addr, from) })
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/file")
}

func benchSend(b *testing.B, addr, path string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	return (&framed.Sender{Timeout: timeout}).Send(b.Context(), conn, []string{path})
}

// bench calls send for a receiver with an empty folder, again and again.
func bench(b *testing.B, send func(addr string) error) {
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		path := b.TempDir()
		dir, err := os.OpenRoot(path)
		require.NoError(b, err)
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		done := make(chan error, 1)
		go func() { done <- framed.Receiver{Once: true}.Serve(b.Context(), ln, dir) }()
		b.StartTimer()
		require.NoError(b, send(ln.Addr().String()))
		require.NoError(b, <-done)
		b.StopTimer()
		require.NoError(b, dir.Close())
		require.NoError(b, os.RemoveAll(path))
		b.StartTimer()
	}
}
