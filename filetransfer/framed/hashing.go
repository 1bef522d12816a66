package framed

import (
	"context"
	"fmt"
	"io"

	"github.com/zeebo/blake3"
)

// hashing computes the digest of content in a goroutine of its own, while the
// next content is read and written.
type hashing struct {
	blake   *blake3.Hasher
	todo    chan block
	done    chan struct{} // closed when todo is closed and empty; nil before the first add
	release func(buf []byte)
}

type block struct{ content, buf []byte }

// newHashing calls release with each buf once its content has been hashed.
func newHashing(release func(buf []byte)) *hashing {
	return &hashing{blake: blake3.New(), release: release}
}

// prefix hashes the first n bytes of r at once, and returns their digest. It
// comes before any add.
func (h *hashing) prefix(ctx context.Context, r io.Reader, n int64) (digest, error) {
	buf := make([]byte, maxChunk)
	for rest := n; rest > 0; {
		if ctx.Err() != nil {
			return digest{}, context.Cause(ctx)
		}
		m, err := io.ReadFull(r, buf[:min(rest, maxChunk)])
		h.blake.Write(buf[:m])
		rest -= int64(m)
		if err != nil {
			return digest{}, fmt.Errorf("check the first %d bytes: %w", n, err)
		}
	}
	return digest(h.blake.Sum(nil)), nil
}

// add hashes content, a part of buf, some time later.
func (h *hashing) add(content, buf []byte) {
	if h.done == nil {
		h.todo, h.done = make(chan block, 2), make(chan struct{})
		go func() {
			defer close(h.done)
			for b := range h.todo {
				h.blake.Write(b.content)
				h.release(b.buf)
			}
		}()
	}
	h.todo <- block{content, buf}
}

// sum returns the digest of everything, and ends the goroutine. What comes
// after it would begin another.
func (h *hashing) sum() digest {
	if h.done != nil {
		close(h.todo)
		<-h.done
		h.done = nil
	}
	return digest(h.blake.Sum(nil))
}

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
