package exercise_test

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	. "example.com/netlessons/lessons/01-three-way-handshake"
	"example.com/netlessons/lessons/internal/check"
	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/trace"
)

//go:embed exercise.go
var source string

func TestNothingIsLost(t *testing.T) {
	c := check.Begin(t, source)
	compare(c, "nothing is lost", nil, Quiet)
}

func TestTheFirstSYNIsLost(t *testing.T) {
	c := check.Begin(t, source)
	compare(c, "the first SYN is lost", netlab.Flags(trace.SYN), LostSYN)
}

func TestTheACKIsLost(t *testing.T) {
	c := check.Begin(t, source)
	compare(c, "the client's ACK is lost", netlab.All(netlab.From("client"), netlab.Flags(trace.ACK)), LostACK)
}

// compare lays a prediction beside what two stacks of the lab really do, with
// other numbers and on another wire each time.
func compare(c *check.Check, scene string, lose netlab.Match, predict func(c, s uint32, latency time.Duration) Prediction) {
	for seed, latency := range []time.Duration{10 * time.Millisecond, 45 * time.Millisecond} {
		c.Step("lets two stacks shake hands; %s, and a packet is under way for %v", scene, latency)
		seen := play(c, uint64(seed+1), latency, lose)
		c.Step("asks for the prediction: the client begins with c=%d, the server with s=%d", seen.c, seen.s)
		p := predict(seen.c, seen.s, latency)
		for i, want := range seen.Packets {
			if i == len(p.Packets) {
				seen.tell(c, i)
				c.Fail("packet "+seen.line(i, want), "no more packets", missing(scene, i))
			}
			if got := p.Packets[i]; got != want {
				seen.tell(c, i)
				c.Fail("packet "+seen.line(i, want), "packet "+seen.line(i, got), seen.cause(scene, i, got))
			}
		}
		last := len(seen.Packets) - 1
		if len(p.Packets) > last+1 {
			seen.tell(c, last)
			c.Fail(fmt.Sprintf("%d packets", last+1), "another, "+seen.line(last+1, p.Packets[last+1]), "both ends are ESTABLISHED, and nobody has any data: nothing more is sent")
		}
		if p.Dial != seen.Dial {
			seen.tell(c, last)
			c.Fail(fmt.Sprintf("Dial returns after %v", seen.Dial), p.Dial.String(), seen.dial(p))
		}
		if p.Accept != seen.Accept {
			seen.tell(c, last)
			c.Fail(fmt.Sprintf("Accept returns after %v", seen.Accept), p.Accept.String(), seen.accept(scene, p))
		}
	}
}

// observed is a Prediction that came true.
type observed struct {
	Prediction
	c, s  uint32
	trace *trace.Trace
	at    []time.Duration // when each packet had its effect
}

// play lets a client dial a server, and the server's program accept.
func play(c *check.Check, seed uint64, latency time.Duration, lose netlab.Match) observed {
	lab := netlab.New(netlab.Seed(seed), netlab.Latency(latency))
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	if lose != nil {
		lab.Fault("lost", netlab.Nth(1, lose), netlab.Drop)
	}
	ln, err := server.Listen("tcp", ":80")
	c.Must(err)
	_, err = client.Dial("tcp", "server:80")
	c.Must(err)
	_, err = ln.Accept()
	c.Must(err)
	lab.Settle()
	return observe(lab.Trace())
}

// observe reads from a trace what a Prediction says.
func observe(t *trace.Trace) observed {
	o := observed{trace: t}
	for _, e := range t.Events {
		switch {
		case e.Kind == trace.Send:
			o.Packets = append(o.Packets, o.numbered(t.PacketOf(e)))
		case e.Kind == trace.Deliver, e.Kind == trace.Drop:
			o.at = append(o.at, e.At) // here packets arrive in the order in which they are sent
		case e.Kind == trace.Return && e.Op == "Dial":
			o.Dial = e.At
		case e.Kind == trace.Return && e.Op == "Accept":
			o.Accept = e.At
		}
	}
	for i := range o.Packets {
		p := &o.Packets[i]
		p.Server = Listen
		for _, e := range t.Events {
			switch {
			case e.Kind != trace.State || e.At > o.at[i]:
			case e.Host == "client":
				p.Client = State(e.To)
			default:
				p.Server = State(e.To)
			}
		}
	}
	return o
}

// numbered turns a packet of the trace, which counts from 0, into one with the
// numbers that its bytes bear.
func (o *observed) numbered(p *trace.Packet) Packet {
	header := int(p.Bytes[0]&0xf) * 4 // of IPv4
	seq := binary.BigEndian.Uint32(p.Bytes[header+4:])
	ack := binary.BigEndian.Uint32(p.Bytes[header+8:])
	if p.Flags.Has(trace.SYN) && p.From == "client" {
		o.c = seq
	} else if p.Flags.Has(trace.SYN) {
		o.s = seq
	}
	return Packet{From: p.From, Flags: strings.ReplaceAll(p.Flags.String(), ", ", "+"), Seq: seq, Ack: ack}
}

// tell shows what had happened when packet i had had its effect.
func (o observed) tell(c *check.Check, i int) {
	cut := *o.trace
	cut.Events = nil
	for _, e := range o.trace.Events {
		if e.At <= o.at[i] && e.Packet <= i+1 {
			cut.Events = append(cut.Events, e)
		}
	}
	var b bytes.Buffer
	c.Must(diagram.Text(&b, &cut, diagram.TextOptions{Width: 70, Plain: true}))
	c.Step("compares; what the stacks have done so far, with numbers counted from 0:\n%s", strings.TrimRight(b.String(), "\n"))
}

// line writes a packet for people, with its numbers as in the exercise.
func (o observed) line(i int, p Packet) string {
	number := func(n uint32) string {
		for _, known := range []struct {
			n    uint32
			name string
		}{{o.c, "c"}, {o.c + 1, "c+1"}, {o.s, "s"}, {o.s + 1, "s+1"}} {
			if n == known.n {
				return known.name
			}
		}
		return fmt.Sprint(n)
	}
	ack := ""
	if p.Ack != 0 {
		ack = " Ack=" + number(p.Ack)
	}
	return fmt.Sprintf("%d: %s sends %s Seq=%s%s; client %s, server %s", i+1, p.From, p.Flags, number(p.Seq), ack, p.Client, p.Server)
}

const lostACK = "an ACK is not acknowledged, so the client does not miss it; the server does: its SYN has had no answer, and it sends SYN+ACK again"

// missing is the likely cause when packet i is not predicted.
func missing(scene string, i int) string {
	switch {
	case i == 1:
		return "only the first packet is there; is the TODO still there?"
	case i == 0:
		return "the prediction is empty; is the TODO still there?"
	case strings.Contains(scene, "ACK"):
		return "the server is still waiting for an answer to its SYN; it sends SYN+ACK again, and that has to be answered"
	}
	return "the server's SYN has to be acknowledged too: that is the last packet"
}

// cause is the likely cause when packet i is not as it was predicted.
func (o observed) cause(scene string, i int, got Packet) string {
	const fromZero = "a diagram counts from 0 to be easy to read; on the wire each end begins with a number of its own, c or s"
	want := o.Packets[i]
	again := o.trace.Packets[i].Again
	lost := i == 0 && strings.Contains(scene, "SYN")
	switch {
	case want.From == got.From && want.Flags == got.Flags:
	case want.Flags == "SYN+ACK" && got.From == "server":
		return "the server's ACK and its own SYN go in one packet; that is why the handshake has three and not four"
	case again && want.Flags == "SYN":
		return "the server has heard nothing, so it cannot answer; it is the client's timer that sends SYN again"
	case again:
		return lostACK
	default:
		return "the client sends SYN, the server SYN+ACK, the client ACK; and what gets no answer is sent again by its own end"
	}
	switch {
	case got.Seq == want.Seq:
	case got.Seq <= 1:
		return fromZero
	case again:
		return "what is sent again bears the same number as before: so the receiver can tell that it is the same"
	case want.Flags == "ACK" && got.Seq == o.c:
		return "the SYN has used up number c, so what the client sends next bears c+1"
	default:
		return "Seq is a number of the sender's: c or s for its SYN, and one more for what comes after that"
	}
	switch {
	case got.Ack == want.Ack:
	case want.Ack == 0:
		return "the first SYN acknowledges nothing, since nothing has come yet: its Ack is 0"
	case got.Ack <= 1:
		return fromZero
	case got.Ack+1 == want.Ack:
		return "a SYN takes up one number, so it is acknowledged with the number after it"
	default:
		return "Ack is the number that is expected next from the other end: that of its SYN, plus 1"
	}
	switch {
	case got.Client == want.Client:
	case want.Client == Established:
		return "the client is ESTABLISHED as soon as SYN+ACK has come; whether its own ACK arrives it cannot know"
	default:
		return "the client is SYN-SENT from its SYN until SYN+ACK has come"
	}
	switch {
	case lost:
		return "a packet that is lost changes nothing at the other end: the server is still in LISTEN"
	case want.Server == SynReceived && got.Server == Established:
		return "the server has only heard a SYN, which anybody can send: it is SYN-RECEIVED until its own SYN is acknowledged"
	}
	return "the server is in LISTEN until a SYN comes, then SYN-RECEIVED, and ESTABLISHED when its own SYN is acknowledged"
}

const late = "the client waits for SYNTimer before it sends the SYN again, and all that follows is later by as much"

// dial is the likely cause when Dial returns at another time.
func (o observed) dial(got Prediction) string {
	switch {
	case got.Dial == 0:
		return "there is no time for Dial; is its TODO still there?"
	case got.Dial+SYNTimer == o.Dial:
		return late
	case got.Dial > o.Dial:
		return "Dial returns when SYN+ACK has come, after one round trip; nobody tells the client that its ACK has arrived"
	}
	return "Dial waits for SYN to go there and for SYN+ACK to come back: twice the latency"
}

// accept is the likely cause when Accept returns at another time.
func (o observed) accept(scene string, got Prediction) string {
	switch {
	case got.Accept == 0:
		return "there is no time for Accept; is its TODO still there?"
	case strings.Contains(scene, "SYN"):
		return late
	case strings.Contains(scene, "ACK"):
		return "without the ACK the server is not connected: Accept waits until SYN+ACK was sent again and answered"
	}
	return "Accept returns when the client's ACK has come to the server, one latency after Dial"
}
