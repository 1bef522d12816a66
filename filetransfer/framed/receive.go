package framed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/blake3"
)

const (
	window        = 16      // large files announced, whose content is still to come
	workers       = 4       // goroutines that save small files
	progressEvery = 4 << 20 // bytes between two answers about one file
	lingering     = 2 * time.Second
)

// conversation is one sender's connection, seen by the receiver.
type conversation struct {
	*server
	ctx     context.Context
	in      *frameReader
	out     *frameWriter
	log     *slog.Logger
	buffers *buffers

	next    uint32         // index of the next header
	small   *smallFile     // announced; its content comes next
	jobs    chan job       // what the workers do
	busy    sync.WaitGroup // jobs, and arrivals being prepared
	pending atomic.Int64   // jobs alone
	bytes   int64
	refused atomic.Int64 // entries

	mu    sync.Mutex
	large map[uint32]*arrival // announced; at most window
}

// smallFile waits for its one frame of content.
type smallFile struct {
	*header
	content, buf []byte
}

// job is a small file, whole, or a link.
type job struct {
	smallFile
	digest digest
}

// receive talks to one sender, of whose hello begun was already read. It
// returns nil only if the sender said that it was done, and nothing was refused.
func (s *server) receive(ctx context.Context, conn net.Conn, begun []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &conversation{
		server: s, ctx: ctx, log: s.Log.With("sender", conn.RemoteAddr()),
		in: newFrameReader(conn, s.Timeout), out: newFrameWriter(conn, s.Timeout),
		buffers: newBuffers(6), large: map[uint32]*arrival{}, jobs: make(chan job),
	}
	err := c.greet(begun)
	if err == nil {
		err = c.converse()
	}
	if err != nil {
		c.out.write(kindFatal, []byte(cut(err.Error(), maxText)))
	}
	if flushErr := c.out.flush(); err == nil {
		err = flushErr
	}
	cancel()
	c.busy.Wait()
	for _, a := range c.large {
		a.giveUp(true)
	}
	if err != nil {
		hangUp(conn)
		return err
	}
	if n := c.refused.Load(); n > 0 {
		return fmt.Errorf("%d of %d were not received", n, c.next)
	}
	c.log.Info("all received", "entries", c.next, "bytes", c.bytes)
	return nil
}

// greet exchanges hellos. Ours leaves with whatever is written next.
func (c *conversation) greet(begun []byte) error {
	c.out.w.WriteString(hello)
	theirs, err := c.in.readHello(begun)
	if err != nil {
		return fmt.Errorf("read hello: got %q, then: %w", theirs, err)
	}
	if v, ok := otherVersion(theirs); ok {
		return fmt.Errorf("version %d of the protocol is not known here, only %d", v, version)
	}
	if theirs != hello {
		return fmt.Errorf("%q... is no hello of this protocol", theirs)
	}
	return nil
}

// hangUp ends our side, and takes what is still on its way, for a moment: to
// close with that unread would destroy our last words.
func hangUp(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		conn.SetReadDeadline(time.Now().Add(lingering))
		io.Copy(io.Discard, conn)
	}
}

// converse takes what the sender sends, until it says that it is done.
func (c *conversation) converse() error {
	var helpers sync.WaitGroup
	stop := make(chan struct{})
	helpers.Go(func() { c.out.keepAlive(stop) })
	for range workers {
		helpers.Go(c.work)
	}
	defer helpers.Wait()
	defer close(stop)
	defer close(c.jobs)
	for {
		if c.in.r.Buffered() == 0 {
			if err := c.out.flush(); err != nil {
				return err
			}
		}
		buf := c.buffers.take()
		kind, payload, err := c.in.next(buf)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the sender left before it was done: %w", io.ErrUnexpectedEOF)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("nothing whole came for %s: %w", c.Timeout, err)
		}
		if err != nil {
			return err
		}
		kept := false
		switch kind {
		case kindHeader:
			err = c.header(payload)
		case kindData:
			kept, err = c.data(payload, buf)
		case kindEnd:
			err = c.end(payload)
		case kindFatal:
			return fmt.Errorf("the sender gave up: %s", printable(string(payload)))
		case kindQuit:
			c.busy.Wait()
			if len(c.large) > 0 || c.small != nil {
				return errors.New("the sender is done before its files are")
			}
			return c.out.write(kindQuit, nil)
		case kindAnswer:
			return errMalformed
		}
		if err != nil {
			return err
		}
		if !kept {
			c.buffers.put(buf)
		}
	}
}

// answer tells the sender what becomes of a file, and the log if that is final.
func (c *conversation) answer(h *header, a answer, err error) error {
	a.index = h.index
	if err != nil {
		a = answer{index: h.index, code: codeRefused, text: err.Error()}
		c.refused.Add(1)
		c.log.Warn("not received", "path", cut(h.path, 300), "err", err)
	} else if a.code == codeSaved {
		c.log.Info("received", "saved", a.text, "bytes", h.size)
	}
	return c.out.write(kindAnswer, a.append(nil))
}

// header takes the announcement of an entry. What is wrong with the entry is
// told to the sender; what is wrong with the frame ends the conversation.
func (c *conversation) header(payload []byte) error {
	h, err := parseHeader(payload)
	if err != nil {
		return err
	}
	if h.index != c.next || c.small != nil {
		return errMalformed
	}
	c.next++
	if err := h.check(); err != nil {
		return c.answer(h, answer{}, err) // and ignore what follows about it
	}
	c.bytes += h.size
	switch {
	case h.kind == typeFolder:
		a, err := c.store.folder(h)
		return c.answer(h, a, err)
	case h.kind == typeLink:
		c.do(job{smallFile: smallFile{header: h}})
	case h.small():
		c.small = &smallFile{header: h}
	default:
		return c.announced(&arrival{header: h, c: c, ready: make(chan struct{})})
	}
	return nil
}

// announced takes a large file, if there are not too many already.
func (c *conversation) announced(a *arrival) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.large) == window {
		return errors.New("too many files are announced at once")
	}
	c.large[a.index] = a
	c.busy.Go(a.prepare)
	return nil
}

// arrival returns the large file with this index, once the sender has its
// answer, or nil if it was refused: the sender may not know yet.
func (c *conversation) arrival(index uint32) (*arrival, error) {
	if index >= c.next {
		return nil, errMalformed
	}
	c.mu.Lock()
	a := c.large[index]
	c.mu.Unlock()
	if a == nil {
		return nil, nil
	}
	if <-a.ready; a.refused {
		return nil, nil
	}
	return a, nil
}

// over forgets a large file, before the sender is told: it may then announce
// another.
func (c *conversation) over(index uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.large, index)
}

// data takes content. It keeps buf if it says so.
func (c *conversation) data(payload, buf []byte) (kept bool, err error) {
	index, offset, content, err := parseData(payload)
	if err != nil {
		return false, err
	}
	if f := c.small; f != nil && f.index == index {
		if offset != 0 || int64(len(content)) != f.size || f.buf != nil {
			return false, errMalformed
		}
		f.content, f.buf = content, buf
		return true, nil
	}
	a, err := c.arrival(index)
	if a == nil {
		return false, err
	}
	return false, a.data(offset, content)
}

// end takes the end of a file's content.
func (c *conversation) end(payload []byte) error {
	e, err := parseEnd(payload)
	if err != nil {
		return err
	}
	if f := c.small; f != nil && f.index == e.index {
		c.small = nil
		if e.whole && int64(len(f.content)) == f.size {
			c.do(job{*f, e.digest})
			return nil
		}
		if f.buf != nil {
			c.buffers.put(f.buf)
		}
		return c.answer(f.header, answer{}, gaveUp(e))
	}
	a, err := c.arrival(e.index)
	if a == nil {
		return err
	}
	return a.end(e)
}

// gaveUp says why a file came to its end too early.
func gaveUp(e end) error {
	if e.whole {
		return errors.New("the content is incomplete")
	}
	return fmt.Errorf("the sender gave it up: %s", printable(e.reason))
}

var errDigest = errors.New("the content does not agree with its digest; send it again")

// do gives a worker something to do.
func (c *conversation) do(j job) {
	c.pending.Add(1)
	c.busy.Add(1)
	c.jobs <- j
}

// work saves small files and links. Answers leave when there is no more to do.
func (c *conversation) work() {
	for j := range c.jobs {
		var a answer
		var err error
		switch {
		case j.kind == typeLink:
			a, err = c.store.link(j.header, c.OnExist)
		case blake3.Sum256(j.content) != j.digest:
			err = errDigest
		default:
			a, err = c.store.small(j.header, j.content, c.OnExist)
		}
		if j.buf != nil {
			c.buffers.put(j.buf)
		}
		c.answer(j.header, a, err) // what cannot be written will not be read either
		if c.pending.Add(-1) == 0 {
			c.out.flush()
		}
		c.busy.Done()
	}
}
