package framed

import (
	"context"
	"fmt"
	"io"

	"github.com/zeebo/blake3"
)

// hashing computes the digest of content, by the goroutine that reads or writes
// it: while the content is still in that processor's cache. In a goroutine of
// its own it took a seventh more time, where two processors serve both sides.
type hashing struct{ *blake3.Hasher }

func newHashing() hashing { return hashing{blake3.New()} }

// prefix hashes the first n bytes of r, and returns their digest.
func (h hashing) prefix(ctx context.Context, r io.Reader, n int64) (digest, error) {
	buf := make([]byte, maxChunk)
	for rest := n; rest > 0; {
		if ctx.Err() != nil {
			return digest{}, context.Cause(ctx)
		}
		m, err := io.ReadFull(r, buf[:min(rest, maxChunk)])
		h.Write(buf[:m])
		rest -= int64(m)
		if err != nil {
			return digest{}, fmt.Errorf("check the first %d bytes: %w", n, err)
		}
	}
	return h.sum(), nil
}

func (h hashing) sum() digest { return digest(h.Sum(nil)) }

// buffers is the memory of one direction of a connection: at most a fixed number of
// buffers, made when they are first needed. Only one goroutine takes, any may put.
type buffers struct {
	free chan []byte
	made int
}

func newBuffers(n int) *buffers { return &buffers{free: make(chan []byte, n)} }

func (b *buffers) take() []byte {
	select {
	case buf := <-b.free:
		return buf
	default:
	}
	if b.made == cap(b.free) {
		return <-b.free
	}
	b.made++
	return make([]byte, bufferSize)
}

func (b *buffers) put(buf []byte) { b.free <- buf }
