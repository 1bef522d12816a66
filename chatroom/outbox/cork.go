package outbox

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"
)

// Corked makes an Upgrade with it return a connection on which an [Outbox] can
// join many frames into one system call:
//
//	cork      frame frame frame ──► buffer
//	uncork                          buffer ──► one Write
//
// Each message stays a frame of its own, so that each stays whole JSON. What is
// read from the connection ends with an error where a close frame has half a code.
func Corked(w http.ResponseWriter) http.ResponseWriter { return hijacker{w} }

type hijacker struct{ http.ResponseWriter }

// Hijack is what Upgrade calls for the connection.
func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	return &corkedConn{Conn: conn}, buffered, nil
}

// corkSize is about how much one Write takes. More messages than that need
// more than one.
const corkSize = 16 << 10

// buffers lends memory to connections that write, so that idle ones hold none.
var buffers = sync.Pool{New: func() any { return &buffer{make([]byte, 0, corkSize+2048)} }}

type buffer struct{ b []byte }

// corkedConn is a connection whose Writes can be held back. The mutex is for
// the reading goroutine: it may write a pong, or a close frame for an error.
type corkedConn struct {
	net.Conn
	mu   sync.Mutex
	held *buffer // nil if not corked
	err  error   // of a Write while corked

	frames // the reading goroutine's own
}

func (c *corkedConn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		return c.Conn.Write(p)
	}
	if len(c.held.b) > 0 && len(c.held.b)+len(p) > cap(c.held.b) {
		c.flush()
	}
	c.held.b = append(c.held.b, p...)
	return len(p), c.err
}

// SetWriteDeadline is for frames that are written at once.
func (c *corkedConn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held != nil {
		return nil
	}
	return c.Conn.SetWriteDeadline(t)
}

// cork holds back what is written. The deadline is for all of it.
func (c *corkedConn) cork(deadline time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = buffers.Get().(*buffer)
	c.err = c.Conn.SetWriteDeadline(deadline)
}

// uncork writes what was held back.
func (c *corkedConn) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flush()
	if cap(c.held.b) <= 2*corkSize {
		buffers.Put(c.held)
	}
	c.held = nil
	return c.err
}

func (c *corkedConn) flush() {
	if c.err == nil && len(c.held.b) > 0 {
		_, c.err = c.Conn.Write(c.held.b)
	}
	c.held.b = c.held.b[:0]
}
