package exercise_test

import (
	"bytes"
	_ "embed"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	. "example.com/netlessons/lessons/02-four-way-teardown"
	"example.com/netlessons/lessons/internal/check"
	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
)

//go:embed exercise.go
var source string

const timeout = 10 * time.Second

func TestBothEndsFinishAtOnce(t *testing.T) {
	c := check.Begin(t, source)
	r := play(t, c, "client", "Finish too, to send \"farewell\"", func(conn Conn) ([]byte, error) {
		return Finish(conn, []byte("farewell"), timeout)
	})
	r.clean(c, "farewell")
}

func TestThePeerStillSends(t *testing.T) {
	story := strings.Repeat("once upon a time ", 300)
	for _, host := range []string{"client", "server"} {
		c := check.Begin(t, source)
		r := play(t, c, host, "read to the end, and only then send 5,100 bytes, piece by piece, and close", func(conn Conn) ([]byte, error) {
			defer conn.Close()
			heard, err := io.ReadAll(conn)
			for piece := range slices.Chunk([]byte(story), 1700) {
				if err == nil {
					time.Sleep(100 * time.Millisecond)
					_, err = conn.Write(piece)
				}
			}
			return heard, err
		})
		r.clean(c, story)
	}
}

func TestThePeerHasFinishedBefore(t *testing.T) {
	c := check.Begin(t, source)
	r := play(t, c, "server", "send \"that was all\" and its FIN, and then read", func(conn Conn) ([]byte, error) {
		defer conn.Close()
		if _, err := io.WriteString(conn, "that was all"); err != nil {
			return nil, err
		}
		if err := conn.CloseWrite(); err != nil {
			return nil, err
		}
		return io.ReadAll(conn)
	})
	r.clean(c, "that was all")
}

func TestThePeerGoesAway(t *testing.T) {
	c := check.Begin(t, source)
	r := play(t, c, "client", "crash: after 1 s it sends RST", func(conn Conn) ([]byte, error) {
		time.Sleep(time.Second)
		conn.(*netlab.Conn).SetLinger(0)
		return nil, conn.Close()
	})
	r.ended(c, forEver)
	c.ErrorIs(r.err, syscall.ECONNRESET, "a reset is no end: what the peer still had to say is lost, and Finish must return the error of Read")
	r.closed(c)
}

func TestThePeerNeverEnds(t *testing.T) {
	for _, tt := range []struct {
		peer  string
		pause time.Duration
		cause string // of a Finish that takes too long
	}{
		{"say nothing for an hour, and keep the connection open", time.Hour, forEver},
		{"send one byte each second, for an hour", time.Second, "each Read gives the peer another timeout; set the deadline once, for all of it"},
	} {
		c := check.Begin(t, source)
		r := play(t, c, "client", tt.peer, func(conn Conn) ([]byte, error) {
			defer conn.Close()
			heard, err := io.ReadAll(conn)
			for start := time.Now(); err == nil && time.Since(start) < time.Hour; {
				time.Sleep(tt.pause)
				_, err = conn.Write([]byte("x"))
			}
			return heard, err
		})
		r.ended(c, tt.cause)
		c.ErrorIs(r.err, os.ErrDeadlineExceeded, "Finish hides that the peer did not come to its end; return the error of Read")
		r.closed(c)
	}
}

const forEver = "a peer that never ends makes Read wait for ever; set a deadline before that"

// result is what became of a connection that Finish ended.
type result struct {
	host string // where Finish ran
	read []byte
	err  error
	took time.Duration // 0: it has not come back

	heard    []byte // by the peer
	heardErr error

	trace *trace.Trace
	begun int // how many events there were before
}

const last = "good bye"

// play runs Finish at one end of a connection, and peer at the other. It takes
// as long as it takes; the time is virtual.
func play(t *testing.T, c *check.Check, host, what string, peer func(Conn) ([]byte, error)) result {
	lab := netlab.New()
	client, server := lab.Host("client"), lab.Host("server")
	c.Step("connects a client and a server")
	var err error
	r := result{host: host}
	defer func() {
		if stuck := recover(); stuck != nil { // by synctest: nothing can happen any more
			c.Fail("everything that Finish starts comes to an end", "a goroutine that waits for ever", "Finish, or a goroutine of its own, waits for something that never comes")
		}
	}()
	c.IfItHangs("Finish runs in a circle; a loop that reads has to end at every error, io.EOF among them")
	netlabtest.Run(t, lab, func(*testing.T) {
		var ends map[string]Conn
		if ends, err = connect(client, server); err != nil {
			return
		}
		r.begun = len(lab.Trace().Events)
		other := map[string]string{"client": "server", "server": "client"}[host]
		c.Step("lets the %s %s", other, what)
		peerDone, done := make(chan result, 1), make(chan result, 1)
		go func() {
			heard, err := peer(ends[other])
			peerDone <- result{heard: heard, heardErr: err}
		}()
		c.Step("calls Finish at the %s, to send %q", host, last)
		go func() {
			start := time.Now()
			read, err := Finish(ends[host], []byte(last), timeout)
			done <- result{read: read, err: err, took: max(time.Since(start), 1)}
		}()
		enough := time.NewTimer(10 * time.Minute)
		select {
		case back := <-done:
			r.read, r.err, r.took = back.read, back.err, back.took
		case <-enough.C:
			r.trace = lab.Trace()
			ends[host].Close()
			<-done
			<-peerDone
			return
		}
		back := <-peerDone
		r.heard, r.heardErr = back.heard, back.heardErr
		time.Sleep(time.Minute) // for the last packets
		r.trace = lab.Trace()
	})
	c.Must(err)
	return r
}

func connect(client, server *netlab.Host) (map[string]Conn, error) {
	ln, err := server.Listen("tcp", ":80")
	if err != nil {
		return nil, err
	}
	a, err := client.Dial("tcp", "server:80")
	if err != nil {
		return nil, err
	}
	b, err := ln.Accept()
	if err != nil {
		return nil, err
	}
	return map[string]Conn{"client": a.(Conn), "server": b.(Conn)}, ln.Close()
}

// clean ends the test unless all bytes went both ways and no end was reset.
func (r result) clean(c *check.Check, want string) {
	switch {
	case !r.did("Write") && errors.Is(r.err, os.ErrDeadlineExceeded):
		r.tell(c)
		c.Fail("it sends, says that this was all, and then reads", "it only reads", "both ends wait for the other one to end first; send what you have before you read")
	case !r.did("Write"):
		c.Fail("it sends "+last, "nothing is sent", "Finish sends nothing; is the TODO still there?")
	case errors.Is(r.err, net.ErrClosed):
		c.NoError(r.err, "after Close nothing can be read any more; CloseWrite closes one direction only")
	}
	r.ended(c, forEver)
	if r.resets() {
		r.tell(c)
		cause := "one Read returns what is there just then, not all; go on until io.EOF: to Close with something unread, or still to come, is to reset"
		if len(r.read) == 0 {
			cause = "Close ends both directions: what the peer still sends is answered with RST, and is lost; CloseWrite first, then read to the end"
		}
		c.Fail("a connection that ends with FIN, both ways", "the "+r.host+" sends RST", cause)
	}
	switch {
	case errors.Is(r.err, syscall.EPIPE):
		c.NoError(r.err, "after CloseWrite nothing can be sent any more; send last before it")
	case errors.Is(r.err, os.ErrDeadlineExceeded) && !r.did("CloseWrite"):
		r.tell(c)
		c.NoError(r.err, "the peer waits to hear that this was all, and you wait for the peer; CloseWrite says so, before you read")
	case errors.Is(r.err, io.EOF):
		c.NoError(r.err, "io.EOF is how Read tells that the peer came to its end, not a failure; return nil for it")
	}
	c.NoError(r.err, "Finish fails where nothing went wrong")
	if got := string(r.read); got != want {
		cause := "Finish returns before the peer's end has come; go on until io.EOF"
		if len(got) > len(want) {
			cause = "a Read has filled only buf[:n]; what is behind n is not the peer's"
		}
		c.Equal(want, got, cause)
	}
	c.NoError(r.heardErr, "the peer has met an error, because Finish ended the connection too early")
	c.Equal(last, string(r.heard), "the peer has not got last as it is")
	r.closed(c)
}

// ended ends the test unless Finish came back in time.
func (r result) ended(c *check.Check, cause string) {
	switch {
	case r.took == 0:
		c.Fail("Finish returns within "+timeout.String(), "after ten minutes it has not", cause)
	case r.took > timeout:
		c.Fail("Finish returns within "+timeout.String(), r.took.String(), cause)
	}
}

// closed ends the test unless Finish has closed its end.
func (r result) closed(c *check.Check) {
	if r.did("Close") {
		return
	}
	cause := "Finish returns and leaves conn open: the program leaks a socket; CloseWrite is only half of Close"
	if r.err != nil {
		cause = "Finish returns at an error and leaves conn open; defer conn.Close() closes it in every case"
	}
	c.Fail("conn is closed when Finish returns", "it is still open", cause)
}

// did tells whether the program at Finish's end made a call.
func (r result) did(op string) bool {
	return slices.ContainsFunc(r.trace.Events[r.begun:], func(e trace.Event) bool {
		return e.Kind == trace.Call && e.Host == r.host && e.Op == op
	})
}

// resets tells whether Finish's end has reset the connection.
func (r result) resets() bool {
	return slices.ContainsFunc(r.trace.Packets, func(p trace.Packet) bool {
		return p.From == r.host && p.Flags.Has(trace.RST)
	})
}

// tell shows the packets, without those of the handshake.
func (r result) tell(c *check.Check) {
	cut := *r.trace
	cut.Events = cut.Events[r.begun:]
	var b bytes.Buffer
	c.Must(diagram.Text(&b, &cut, diagram.TextOptions{Width: 70, Plain: true}))
	lines := strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
	if len(lines) > 30 {
		lines = append(lines[:30], "...")
	}
	c.Step("looks at the packets:\n%s", strings.Join(lines, "\n"))
}
