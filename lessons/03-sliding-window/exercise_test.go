package exercise_test

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	. "example.com/netlessons/lessons/03-sliding-window"
	"example.com/netlessons/lessons/internal/check"
	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
)

//go:embed exercise.go
var source string

// Writes, by their bytes and by the buffers that the two ends have. The
// stack offers half of its receive buffer as its window.
var writes = []struct{ n, send, receive int }{
	{100, 4096, 4096},
	{3000, 16384, 4096}, // more than the window
	{8192, 8192, 8192},
	{8193, 8192, 8192},
	{12288, 8192, 8192},
	{12289, 8192, 8192},
	{20000, 4096, 32768},
	{30000, 16384, 16384},
}

func TestWhatWriteWaitsFor(t *testing.T) {
	c := check.Begin(t, source)
	for _, w := range writes {
		seen := play(c, w.n, w.send, w.receive, time.Minute)
		c.Step("asks what a Write of %d bytes waits for; the send buffer holds %d, the peer's window is %d", w.n, w.send, seen.window)
		got := WaitsFor(w.n, w.send, seen.window)
		if got == seen.wait {
			continue
		}
		seen.tell(c)
		cause := "Write returns at once when the rest fits into its own send buffer, whatever the window is"
		switch {
		case got == "":
			cause = "there is no prediction; is the TODO still there?"
		case seen.wait == AnACK && got == TheReader:
			cause = "the peer's system acknowledges what fits into its window, though nobody reads; so there is room again in the send buffer"
		case seen.wait == AnACK:
			cause = "a byte stays in the send buffer until it is acknowledged; a Write that does not fit waits, even when the peer has room"
		case seen.wait == TheReader:
			cause = "when both buffers are full, no ACK makes room any more; only a read does"
		}
		c.Fail("it waits for "+string(seen.wait), string(got), cause)
	}
}

func TestHowMuchWriteGetsRidOf(t *testing.T) {
	c := check.Begin(t, source)
	for _, w := range writes {
		seen := play(c, w.n, w.send, w.receive, 0)
		c.Step("asks how many of %d bytes Write gets rid of; the send buffer holds %d, the peer's window is %d, and nobody ever reads", w.n, w.send, seen.window)
		got := Taken(w.n, w.send, seen.window)
		if got == seen.taken {
			continue
		}
		cause := "what was written and not read is in the peer's buffer or in the own one: there is room for sendBuffer and window together"
		if got > w.n {
			cause = "Write cannot take more bytes than it is given: n at most"
		}
		c.Fail(fmt.Sprint(seen.taken), fmt.Sprint(got), cause)
	}
}

// observed is what a Write did.
type observed struct {
	window int
	wait   Wait
	taken  int
	trace  *trace.Trace
}

// play writes n bytes to a peer that reads after some time, or never if that
// is 0.
func play(c *check.Check, n, send, receive int, reads time.Duration) observed {
	lab := netlab.New(netlab.RACK(false))
	defer lab.Close()
	client, server := lab.Host("client", netlab.Buffers(send, 4096)), lab.Host("server", netlab.Buffers(4096, receive))
	ln, err := server.Listen("tcp", ":80")
	c.Must(err)
	conn, err := client.Dial("tcp", "server:80")
	c.Must(err)
	peer, err := ln.Accept()
	c.Must(err)
	begun := len(lab.Trace().Events)
	var o observed
	for _, p := range lab.Trace().Packets {
		if p.From == "server" {
			o.window = p.Window
		}
	}
	hasRead := false
	if reads > 0 {
		lab.After(reads, func() { hasRead = true; io.ReadFull(peer, make([]byte, n)) })
	}
	c.Must(conn.SetWriteDeadline(lab.Now().Add(2 * time.Minute)))
	o.taken, err = conn.Write(make([]byte, n))
	if reads > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		c.Must(err)
	}
	t := *lab.Trace()
	t.Events = t.Events[begun:]
	o.wait, o.trace = Nothing, &t
	for _, e := range t.Events {
		if e.Kind == trace.Block && hasRead {
			o.wait = TheReader
		} else if e.Kind == trace.Block {
			o.wait = AnACK
		}
	}
	return o
}

// tell shows the packets of the Write.
func (o observed) tell(c *check.Check) {
	var b bytes.Buffer
	c.Must(diagram.Text(&b, o.trace, diagram.TextOptions{Width: 70, Plain: true}))
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) > 24 {
		lines = append(lines[:24], "...")
	}
	c.Step("looks at what the stacks did:\n%s", strings.Join(lines, "\n"))
}

const timeout = 10 * time.Second

func TestThePeerReads(t *testing.T) {
	c := check.Begin(t, source)
	r := send(t, c, "reads all the time", func(conn net.Conn, _ <-chan struct{}) ([]byte, error) { return io.ReadAll(conn) })
	if r.taken == 0 {
		c.Fail("the data on the wire", "nothing was sent", "Send sends nothing; is the TODO still there?")
	}
	c.NoError(r.err, "Send fails where nothing went wrong")
	r.honest(c)
}

func TestThePeerStopsReading(t *testing.T) {
	c := check.Begin(t, source)
	r := send(t, c, "reads nothing until Send has returned, and then all", func(conn net.Conn, back <-chan struct{}) ([]byte, error) {
		<-back
		return io.ReadAll(conn)
	})
	r.inTime(c)
	if r.n == len(data) {
		c.Fail(fmt.Sprintf("%d bytes and an error", r.taken), fmt.Sprintf("%d bytes", r.n), "Send claims all of the data, but the buffers were full before; return what Write returned")
	}
	c.ErrorIs(r.err, os.ErrDeadlineExceeded, "Send hides that not all was taken; return the error of Write")
	r.honest(c)
}

func TestThePeerReadsSlowly(t *testing.T) {
	c := check.Begin(t, source)
	r := send(t, c, "reads 500 bytes each second, and the rest when Send has returned", func(conn net.Conn, back <-chan struct{}) ([]byte, error) {
		var all []byte
		buf := make([]byte, 500)
		for {
			select {
			case <-back:
				rest, err := io.ReadAll(conn)
				return append(all, rest...), err
			case <-time.After(time.Second):
				n, err := io.ReadFull(conn, buf)
				all = append(all, buf[:n]...)
				if err != nil {
					return all, err
				}
			}
		}
	})
	r.inTime(c)
	c.ErrorIs(r.err, os.ErrDeadlineExceeded, "Send hides that not all was taken; return the error of Write")
	r.honest(c)
}

func TestThePeerGoesAway(t *testing.T) {
	c := check.Begin(t, source)
	r := send(t, c, "crashes after 1 s: it sends RST", func(conn net.Conn, _ <-chan struct{}) ([]byte, error) {
		time.Sleep(time.Second)
		conn.(*netlab.Conn).SetLinger(0)
		return nil, conn.Close()
	})
	c.ErrorIs(r.err, syscall.ECONNRESET, "the peer is gone, and Send does not return the error that says so")
}

// result is what became of a Send.
type result struct {
	n    int
	err  error
	took time.Duration // 0: it has not come back

	misled  bool  // it has set a read deadline, and no other
	taken   int   // by the connection, as the trace has it
	rest    error // of sending what Send had left
	got     []byte
	readErr error
}

// A spy sees which deadlines are set.
type spy struct {
	net.Conn
	read, write bool
}

func (s *spy) SetDeadline(t time.Time) error {
	s.read, s.write = true, true
	return s.Conn.SetDeadline(t)
}

func (s *spy) SetReadDeadline(t time.Time) error {
	s.read = true
	return s.Conn.SetReadDeadline(t)
}

func (s *spy) SetWriteDeadline(t time.Time) error {
	s.write = true
	return s.Conn.SetWriteDeadline(t)
}

// data is all different, so that a gap or a repetition shows.
var data = func() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 30_000; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.Bytes()
}()

// send runs Send against a peer, and afterwards sends the rest. back tells the
// peer that Send has returned. The time is virtual.
func send(t *testing.T, c *check.Check, what string, peer func(conn net.Conn, back <-chan struct{}) ([]byte, error)) (r result) {
	lab := netlab.New(netlab.Buffers(8192, 8192), netlab.RACK(false))
	client, server := lab.Host("client"), lab.Host("server")
	c.Step("connects to a peer that %s", what)
	c.IfItHangs("Send runs in a circle; a Write that failed once will fail again")
	defer func() {
		if stuck := recover(); stuck != nil { // by synctest: nothing can happen any more
			c.Fail("everything that Send starts comes to an end", "a goroutine that waits for ever", "Send, or a goroutine of its own, waits for something that never comes")
		}
	}()
	var err error
	netlabtest.Run(t, lab, func(*testing.T) {
		var conn, other net.Conn
		if conn, other, err = connect(client, server); err != nil {
			return
		}
		seen := &spy{Conn: conn}
		back, peerDone, done := make(chan struct{}), make(chan result, 1), make(chan result, 1)
		go func() {
			got, err := peer(other, back)
			peerDone <- result{got: got, readErr: err}
		}()
		c.Step("calls Send with %d bytes and a timeout of %v", len(data), timeout)
		go func() {
			start := time.Now()
			n, err := Send(seen, data, timeout)
			done <- result{n: n, err: err, took: max(time.Since(start), 1)}
		}()
		select {
		case r = <-done:
			r.taken = taken(lab.Trace())
		case <-time.After(10 * time.Minute):
		}
		close(back)
		if r.took > 0 && 0 <= r.n && r.n < len(data) {
			c.Step("sends the rest itself")
			_, r.rest = conn.Write(data[r.n:])
		}
		conn.Close()
		p := <-peerDone
		r.got, r.readErr = p.got, p.readErr
		if r.took == 0 {
			<-done
			r.misled = seen.read && !seen.write
		}
	})
	c.Must(err)
	return r
}

func connect(client, server *netlab.Host) (conn, peer net.Conn, err error) {
	ln, err := server.Listen("tcp", ":80")
	if err != nil {
		return nil, nil, err
	}
	if conn, err = client.Dial("tcp", "server:80"); err != nil {
		return nil, nil, err
	}
	peer, err = ln.Accept()
	return conn, peer, err
}

// taken adds up what the client's Writes have taken.
func taken(t *trace.Trace) int {
	sum := 0
	for _, e := range t.Events {
		if e.Kind == trace.Return && e.Op == "Write" && e.Host == "client" {
			var n int
			fmt.Sscanf(e.Detail, "%d of", &n)
			sum += n
		}
	}
	return sum
}

// inTime ends the test unless Send came back within its timeout.
func (r result) inTime(c *check.Check) {
	switch {
	case r.took == 0 && r.misled:
		c.Fail("Send returns after "+timeout.String(), "after ten minutes it has not", "a read deadline ends a Read, not a Write; a Write needs SetWriteDeadline")
	case r.took == 0:
		c.Fail("Send returns after "+timeout.String(), "after ten minutes it has not", "Write waits for ever when the peer stops reading; set a write deadline before it")
	case r.took > timeout:
		c.Fail("Send returns after "+timeout.String(), "after "+r.took.String(), "each piece gets the whole timeout again; set the deadline once, for all of the data")
	}
}

// honest ends the test unless the connection has taken what Send says, and the
// caller could go on from there.
func (r result) honest(c *check.Check) {
	if r.n != r.taken {
		cause := "the Write that failed has taken bytes too: add its n before you look at its error"
		if r.n == 0 {
			cause = "what Write had taken before its error is on its way all the same; whoever sends it again sends it twice"
		} else if r.n > r.taken {
			cause = "Send counts bytes that no Write has taken"
		}
		c.Fail(fmt.Sprintf("%d bytes, as many as the connection has taken", r.taken), fmt.Sprintf("%d bytes", r.n), cause)
	}
	switch {
	case errors.Is(r.rest, os.ErrDeadlineExceeded):
		c.NoError(r.rest, "a deadline stays until another one is set; take it away with SetWriteDeadline(time.Time{})")
	case errors.Is(r.rest, net.ErrClosed):
		c.NoError(r.rest, "Send has closed the connection; it is the caller's, who wants to go on")
	}
	c.NoError(r.rest, "after Send the connection is of no use any more")
	c.NoError(r.readErr, "the peer could not read to the end")
	if !bytes.Equal(r.got, data) {
		c.Fail(fmt.Sprintf("the peer reads %d bytes, as they were given to Send", len(data)), fmt.Sprintf("%d bytes, or others", len(r.got)), "bytes were sent twice, or left out, or in another order")
	}
}
