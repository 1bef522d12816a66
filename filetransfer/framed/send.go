package framed

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/zeebo/blake3"
	"golang.org/x/time/rate"
)

const (
	maxOpen   = 4096 // entries sent whose fate is not known yet
	maxErrors = 20   // that Send returns; the others are counted
)

// Status is what became of an entry.
type Status string

const (
	Saved   Status = "saved"   // in place, whole
	Same    Status = "same"    // was there already, the same
	Skipped Status = "skipped" // something else was there, and stays
	Failed  Status = "failed"  // Err says why
)

// Outcome tells what became of one file, folder or link.
type Outcome struct {
	Path   string // here
	Name   string // the path that the receiver was asked to save it as
	As     string // the path that it got there; empty unless it is Saved
	Size   int64
	Status Status
	Err    error
}

// Progress is how far a batch has come, by what the receiver has confirmed.
type Progress struct {
	Files, Bytes           int64
	TotalFiles, TotalBytes int64
	Counted                bool  // the totals are complete
	There                  int64 // of Bytes, those that the receiver had before
	Sent                   int64 // bytes of content on the wire, this time
}

// Sender sends files and folders to a [Receiver]. Use one for each batch.
type Sender struct {
	Timeout time.Duration // the longest silence of the receiver; 30 s if it is 0
	Limit   int64         // bytes of content per second; no limit if it is 0
	Count   bool          // find out the totals of Progress, beside the sending
	Report  func(Outcome) // called once for each entry but folders that went well, never twice at a time

	files, bytes, totalFiles, totalBytes, there, sent atomic.Int64
	counted                                           atomic.Bool
}

// Progress may be called at any time, from any goroutine.
func (s *Sender) Progress() Progress {
	return Progress{s.files.Load(), s.bytes.Load(), s.totalFiles.Load(), s.totalBytes.Load(), s.counted.Load(), s.there.Load(), s.sent.Load()}
}

// Send sends what is at the paths over conn and closes conn. It returns nil
// only if the receiver has confirmed each file and folder. One that cannot be
// sent does not keep the others from being sent.
func (s *Sender) Send(ctx context.Context, conn net.Conn, paths []string) error {
	defer conn.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	timeout := cmp.Or(s.Timeout, silence)
	b := &batch{
		Sender: s, ctx: ctx, cancel: cancel,
		in: newFrameReader(conn, timeout), out: newFrameWriter(conn, 0), // a receiver that is silent ends the writing too
		open: map[uint32]*item{}, slots: make(chan struct{}, maxOpen), quit: make(chan struct{}),
		chunk: maxChunk, buf: make([]byte, bufferSize),
	}
	if s.Limit > 0 {
		b.chunk = int(min(max(s.Limit/4, 1<<10), maxChunk)) // several a second, so that the receiver hears of us
		b.limit = rate.NewLimiter(rate.Limit(s.Limit), b.chunk)
	}
	var helpers sync.WaitGroup
	stop := make(chan struct{})
	b.out.w.WriteString(hello)
	listening := make(chan struct{})
	helpers.Go(func() { defer close(listening); b.listen() })
	helpers.Go(func() { b.out.keepAlive(stop) })
	if s.Count {
		helpers.Go(func() { s.count(ctx, paths) })
	}
	err := b.run(paths)
	if err != nil {
		select { // the receiver may have said why it takes no more
		case <-listening:
		case <-ctx.Done():
		case <-time.After(lingering):
		}
		cancel(err)
		err = context.Cause(ctx) // the first that went wrong
	}
	cancel(nil)
	close(stop)
	helpers.Wait()
	for _, p := range b.pending {
		p.entry.file.Close()
	}
	return b.errors(err)
}

// count finds out how much there is to send, beside the sending.
func (s *Sender) count(ctx context.Context, paths []string) {
	walk(paths, toCount, func(e entry) bool {
		if e.err == nil {
			s.totalFiles.Add(1)
			s.totalBytes.Add(e.header.size)
		}
		return ctx.Err() == nil
	})
	s.counted.Store(ctx.Err() == nil)
}

// batch is a Sender at work.
type batch struct {
	*Sender
	ctx     context.Context
	cancel  context.CancelCauseFunc
	in      *frameReader
	out     *frameWriter
	limit   *rate.Limiter
	chunk   int
	buf     []byte // one frame, for whatever is sent next
	next    uint32
	pending []*item       // large files that are announced
	slots   chan struct{} // one for each entry in open
	quit    chan struct{} // closed when the receiver has said that all is done

	mu       sync.Mutex
	open     map[uint32]*item // entries whose fate is not known yet
	failures []error
	failed   int
}

// item is an entry that the receiver has heard of. Only a large file has
// channels: nothing waits for the others.
type item struct {
	entry  entry
	goOn   chan answer   // the first answer
	closed chan struct{} // closed with the last answer
	told   int64         // bytes of it in Sender.bytes
}

// run sends everything, in order: files and links, the folders, the end.
func (b *batch) run(paths []string) (err error) {
	walk(paths, toSend, func(e entry) bool {
		err = b.entry(e)
		return err == nil
	})
	for err == nil && len(b.pending) > 0 {
		err = b.content()
	}
	if err == nil {
		err = b.wait()
	}
	if err != nil {
		return err
	}
	// Only now: a file changes the time of its folder, and must be let in.
	walk(paths, folders, func(e entry) bool {
		err = b.entry(e)
		return err == nil
	})
	if err == nil {
		err = b.wait()
	}
	if err == nil {
		err = cmp.Or(b.out.write(kindQuit, nil), b.out.flush())
	}
	if err != nil {
		return err
	}
	select {
	case <-b.quit:
		return nil
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	}
}

// wait waits until the fate of everything is known.
func (b *batch) wait() error {
	if err := b.out.flush(); err != nil {
		return err
	}
	for range maxOpen {
		select {
		case b.slots <- struct{}{}:
		case <-b.ctx.Done():
			return context.Cause(b.ctx)
		}
	}
	for range maxOpen {
		<-b.slots
	}
	return nil
}

// entry announces an entry. A small one is sent at once; the content of a large
// one waits for the answer, and while it waits, others are announced.
func (b *batch) entry(e entry) error {
	if e.err == nil {
		e.err = e.header.check() // the receiver would refuse it
	}
	if e.err != nil {
		if e.file != nil {
			e.file.Close()
		}
		b.report(Outcome{Path: e.path, Name: e.header.path, Size: e.header.size, Status: Failed, Err: e.err})
		return nil
	}
	select {
	case b.slots <- struct{}{}:
	default:
		if err := b.out.flush(); err != nil { // or nothing would ever be confirmed
			return err
		}
		select {
		case b.slots <- struct{}{}:
		case <-b.ctx.Done():
			return context.Cause(b.ctx)
		}
	}
	e.header.index = b.next
	b.next++
	it := &item{entry: e}
	if !e.header.small() {
		it.goOn, it.closed = make(chan answer, 1), make(chan struct{})
	}
	b.mu.Lock()
	b.open[e.header.index] = it
	b.mu.Unlock()
	err := b.out.write(kindHeader, e.header.append(nil))
	switch {
	case err != nil || e.file == nil:
		return err
	case e.header.small():
		return b.smallContent(it)
	}
	b.pending = append(b.pending, it)
	if len(b.pending) < window {
		return nil
	}
	return b.content()
}

// smallContent sends the content of a small file right after its header.
func (b *batch) smallContent(it *item) error {
	e := &it.entry
	defer e.file.Close()
	buf := b.buf
	n, err := io.ReadFull(e.file, buf[frameHeader+dataHeader:frameHeader+dataHeader+int(e.header.size)])
	content := buf[frameHeader+dataHeader:][:n]
	if err == nil {
		err = e.changed()
	}
	if err != nil {
		return b.giveUp(e, err)
	}
	if n > 0 {
		if err := b.data(buf[:frameHeader+dataHeader+n], e.header.index, 0); err != nil {
			return err
		}
	}
	return b.end(end{index: e.header.index, whole: true, digest: blake3.Sum256(content)})
}

// data sends a frame of content that stands in buf, with room before it.
func (b *batch) data(buf []byte, index uint32, offset int64) error {
	n := len(buf) - frameHeader - dataHeader
	if b.limit != nil {
		for rest := n; rest > 0; rest -= b.chunk { // a small file may be more than one chunk
			if err := b.limit.WaitN(b.ctx, min(rest, b.chunk)); err != nil {
				return cmp.Or(context.Cause(b.ctx), err)
			}
		}
	}
	putData(buf[frameHeader:], index, offset)
	b.sent.Add(int64(n))
	return b.out.writeWhole(kindData, buf)
}

func (b *batch) end(e end) error { return b.out.write(kindEnd, e.append(nil)) }

// giveUp tells the receiver that the rest of a file will not come, and why.
func (b *batch) giveUp(e *entry, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		err = errors.New("it became shorter while it was sent; send it again")
	}
	return b.end(end{index: e.header.index, reason: err.Error()})
}

// content sends the content of the large file that was announced first.
func (b *batch) content() error {
	it := b.pending[0]
	b.pending = b.pending[1:]
	e := &it.entry
	defer e.file.Close()
	if err := b.out.flush(); err != nil {
		return err
	}
	var goOn answer
	select {
	case goOn = <-it.goOn:
	case <-it.closed: // refused, or not needed
		return nil
	case <-b.ctx.Done():
		return context.Cause(b.ctx)
	}
	hash := newHashing()
	offset, err := b.agree(&hash, e, goOn)
	if b.ctx.Err() != nil {
		return context.Cause(b.ctx)
	}
	for err == nil && offset < e.header.size {
		n := int(min(int64(b.chunk), e.header.size-offset))
		frame := b.buf[:frameHeader+dataHeader+n]
		content := frame[frameHeader+dataHeader:]
		if _, err = io.ReadFull(e.file, content); err != nil {
			break
		}
		if err := b.data(frame, e.header.index, offset); err != nil {
			return err
		}
		hash.Write(content)
		offset += int64(n)
		select {
		case <-it.closed: // refused on the way: the disk is full, say
			return nil
		default:
		}
	}
	if err == nil {
		err = e.changed()
	}
	if err != nil {
		return b.giveUp(e, err)
	}
	return cmp.Or(b.end(end{index: e.header.index, whole: true, digest: hash.sum()}), b.out.flush())
}

// agree returns where to go on: where the receiver offers to, if what it has is
// the beginning of this file, and else at the start.
func (b *batch) agree(hash *hashing, e *entry, goOn answer) (offset int64, err error) {
	if goOn.offset == 0 || goOn.offset > e.header.size {
		return 0, nil
	}
	sum, err := hash.prefix(b.ctx, e.file, goOn.offset)
	if err != nil {
		return 0, err
	}
	if sum == goOn.digest {
		b.confirm(e.header.index, goOn.offset, true)
		return goOn.offset, nil
	}
	*hash = newHashing()
	_, err = e.file.Seek(0, io.SeekStart)
	return 0, err
}

// confirm counts what the receiver has of a file, and had before if there says so.
func (b *batch) confirm(index uint32, offset int64, there bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if it := b.open[index]; it != nil && offset <= it.entry.header.size {
		b.bytes.Add(offset - it.told)
		if there {
			b.there.Add(offset - it.told)
		}
		it.told = offset
	}
}

// listen reads what the receiver says, and ends the batch if that goes wrong.
func (b *batch) listen() {
	err := b.readHello()
	buf := make([]byte, bufferSize)
	for err == nil {
		var kind byte
		var payload []byte
		if kind, payload, err = b.in.next(buf); err != nil {
			break
		}
		switch kind {
		case kindAnswer:
			var a answer
			if a, err = parseAnswer(payload); err == nil {
				err = b.answer(a)
			}
		case kindFatal:
			err = fmt.Errorf("the receiver ended the transfer: %s", printable(string(payload)))
		case kindQuit:
			close(b.quit)
			return
		case kindAlive:
		default:
			err = errMalformed
		}
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = fmt.Errorf("the receiver was silent for %s: %w", b.in.timeout, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		err = fmt.Errorf("the receiver left before all was confirmed; its log may say why: %w", err)
	}
	b.cancel(err)
}

// readHello says what the other side is, if it is no receiver of this protocol.
func (b *batch) readHello() error {
	theirs, err := b.in.readHello(nil)
	v, other := otherVersion(theirs)
	switch {
	case strings.EqualFold(theirs, "o"):
		return errors.New("the receiver speaks the protocol of the notes; send with -notes")
	case err != nil && theirs == "" && !errors.Is(err, os.ErrDeadlineExceeded) && b.ctx.Err() == nil:
		return fmt.Errorf("the receiver left without a hello; if it speaks the protocol of the notes, send with -notes: %w", err)
	case err != nil:
		return fmt.Errorf("read hello: %w", err)
	case other:
		return fmt.Errorf("the receiver speaks version %d of the protocol, and this is version %d", v, version)
	case theirs != hello:
		return fmt.Errorf("the receiver answered %q..., which is no hello", theirs)
	}
	return nil
}

// answer takes the answer about one entry. The last one frees its slot.
func (b *batch) answer(a answer) error {
	b.mu.Lock()
	it := b.open[a.index]
	b.mu.Unlock()
	if it == nil {
		return errMalformed
	}
	h := &it.entry.header
	switch a.code {
	case codeGoOn:
		select {
		case it.goOn <- a:
			return nil
		default:
			return errMalformed // twice
		}
	case codeProgress:
		b.confirm(a.index, a.offset, false)
		return nil
	}
	o := Outcome{Path: it.entry.path, Name: h.path, Size: h.size, Status: Saved, As: a.text}
	switch a.code {
	case codeSame:
		o.Status = Same
	case codeSkipped:
		o.Status = Skipped
	case codeRefused:
		o.Status, o.Err = Failed, errors.New(printable(a.text))
	}
	if o.Status != Failed {
		b.confirm(a.index, h.size, a.code != codeSaved)
		if h.kind != typeFolder {
			b.files.Add(1)
		}
	}
	b.mu.Lock()
	delete(b.open, a.index)
	b.mu.Unlock()
	if it.closed != nil {
		close(it.closed)
	}
	if h.kind != typeFolder || o.Status == Failed {
		b.report(o)
	}
	<-b.slots
	return nil
}

// report tells what became of an entry, and keeps the first errors for the end.
func (b *batch) report(o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if o.Status == Failed {
		b.failed++
		if len(b.failures) < maxErrors {
			b.failures = append(b.failures, fmt.Errorf("%s: %w", o.Path, o.Err))
		}
	}
	if b.Report != nil {
		b.Report(o)
	}
}

// errors joins what went wrong with single entries, and at last with all of it.
func (b *batch) errors(err error) error {
	errs := b.failures
	if more := b.failed - len(errs); more > 0 {
		errs = append(errs, fmt.Errorf("and %d others", more))
	}
	if err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
