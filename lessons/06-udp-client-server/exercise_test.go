package exercise_test

import (
	_ "embed"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	. "example.com/netlessons/lessons/06-udp-client-server"
	"example.com/netlessons/lessons/internal/check"
)

//go:embed exercise.go
var source string

func TestServerAnswersEachClientWithItsOwnBytes(t *testing.T) {
	c := check.Begin(t, source)
	conn := listen(t, c)
	c.Step("starts Serve on 127.0.0.1")
	go Serve(conn)
	a, b := dial(t, c, conn), dial(t, c, conn)
	for _, tt := range []struct {
		client   *net.UDPConn
		name     string
		question string
		cause    string // of a missing or shorter answer
	}{
		{a, "A", "hello", "Serve did not answer; is the TODO still there?"},
		{a, "A", "good morning", "Serve ends after one datagram; it wants a loop"},
		{b, "B", "hi", "the answer does not go to the address that this ReadFromUDP returned; each datagram has a sender of its own"},
		{b, "B", "", "an empty datagram is a datagram too: with UDP n == 0 does not mean the end"},
		{a, "A", strings.Repeat("x", MaxPayload), "the server's buffer is too small, and what does not fit is lost; it must hold MaxPayload bytes"},
	} {
		c.Step("client %s sends %d bytes", tt.name, len(tt.question))
		_, err := tt.client.Write([]byte(tt.question))
		c.Must(err)
		c.Step("client %s waits for its answer", tt.name)
		buf := make([]byte, MaxPayload)
		c.Must(tt.client.SetReadDeadline(time.Now().Add(500 * time.Millisecond)))
		n, err := tt.client.Read(buf)
		c.NoError(err, tt.cause)
		answer := string(buf[:n])
		if n > len(tt.question) {
			tt.cause = "what is sent back is the whole buffer, not buf[:n]; behind n it holds zeros and older datagrams"
		}
		c.Equal(tt.question, answer, tt.cause)
	}
}

func TestServerEndsWhenItsSocketIsClosed(t *testing.T) {
	c := check.Begin(t, source)
	conn := listen(t, c)
	done := make(chan error, 1)
	c.Step("starts Serve")
	go func() { done <- Serve(conn) }()
	c.Step("closes its socket")
	c.Must(conn.Close())
	c.Step("waits for Serve to return")
	c.IfItHangs("Serve goes on when ReadFromUDP fails; a closed socket fails for ever")
	c.NoError(<-done, "a closed socket is how a server ends, not a failure: errors.Is(err, net.ErrClosed)")
}

func TestClientGetsItsAnswer(t *testing.T) {
	c := check.Begin(t, source)
	server := listen(t, c)
	answers := make(chan []byte, 1)
	go func() { // a server that gives the answers below
		buf := make([]byte, MaxPayload)
		for {
			_, client, err := server.ReadFromUDP(buf)
			if err != nil {
				return
			}
			if _, err := server.WriteToUDP(<-answers, client); err != nil {
				t.Error(err)
			}
		}
	}()
	for _, want := range []string{"fine", "", strings.Repeat("y", MaxPayload)} {
		c.Step("calls Ask; the server answers with %d bytes", len(want))
		answers <- []byte(want)
		got, err := Ask(server.LocalAddr().String(), []byte("how are you?"), 500*time.Millisecond)
		c.NoError(err, "Ask sent nothing, or did not read the answer")
		c.Equal(want, string(got), "Ask returns another slice than answer[:n], or its buffer is smaller than MaxPayload")
	}
}

func TestClientGivesUpWhenNoAnswerComes(t *testing.T) {
	c := check.Begin(t, source)
	silent := listen(t, c)
	c.Step("calls Ask with a timeout of 50ms; the server says nothing")
	c.IfItHangs("Ask waits for ever for a datagram that was lost: set a deadline before it reads")
	_, err := Ask(silent.LocalAddr().String(), []byte("anybody?"), 50*time.Millisecond)
	c.ErrorIs(err, os.ErrDeadlineExceeded, "Ask hides that no answer came; return the error of Read")
}

func listen(t *testing.T, c *check.Check) *net.UDPConn {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	c.Must(err)
	t.Cleanup(func() { conn.Close() })
	c.Must(conn.SetWriteBuffer(1 << 20)) // macOS sends no more than 9,216 bytes without it
	return conn
}

func dial(t *testing.T, c *check.Check, server *net.UDPConn) *net.UDPConn {
	conn, err := net.DialUDP("udp", nil, server.LocalAddr().(*net.UDPAddr))
	c.Must(err)
	t.Cleanup(func() { conn.Close() })
	c.Must(conn.SetWriteBuffer(1 << 20))
	return conn
}
