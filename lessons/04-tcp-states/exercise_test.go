package exercise_test

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	. "example.com/netlessons/lessons/04-tcp-states"
	"example.com/netlessons/lessons/internal/check"
	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/trace"
)

//go:embed exercise.go
var source string

func TestTheClientClosesFirst(t *testing.T) {
	c := check.Begin(t, source)
	follow(c, "the client closes first, and the server still sends", 17, func(s *stage) {
		s.connect()
		s.say(s.client, s.server)
		s.closeInTurn(s.client, s.server)
	})
}

func TestTheServerClosesFirst(t *testing.T) {
	c := check.Begin(t, source)
	follow(c, "the server closes first", 15, func(s *stage) {
		s.connect()
		s.closeInTurn(s.server, s.client)
	})
}

func TestBothCloseAtOnce(t *testing.T) {
	c := check.Begin(t, source)
	follow(c, "both ends close before they hear of each other", 13, func(s *stage) {
		s.connect()
		s.must(s.client.Close())
		s.must(s.server.Close())
	})
}

func TestAnACKIsLost(t *testing.T) {
	c := check.Begin(t, source)
	follow(c, "the ACK of the client's FIN is lost", 11, func(s *stage) {
		s.connect()
		s.lab.Fault("lost", netlab.Nth(1, netlab.All(netlab.From("server"), netlab.Flags(trace.ACK))), netlab.Drop)
		s.must(s.client.CloseWrite())
		_, err := io.ReadAll(s.server)
		s.must(err)
		s.must(s.server.Close())
	})
	follow(c, "the client's last ACK is lost", 13, func(s *stage) {
		s.connect()
		s.must(s.client.CloseWrite())
		s.lab.Settle()
		s.lab.Fault("lost", netlab.Nth(1, netlab.All(netlab.From("client"), netlab.Flags(trace.ACK))), netlab.Drop)
		s.must(s.server.Close())
	})
}

func TestAnEndIsReset(t *testing.T) {
	c := check.Begin(t, source)
	follow(c, "nobody listens at the server", 2, func(s *stage) {
		if _, err := s.hosts[0].Dial("tcp", "server:80"); !errors.Is(err, syscall.ECONNREFUSED) {
			s.must(fmt.Errorf("dial: %w", err))
		}
	})
	reset := func(s *stage) {
		s.lab.Settle()
		s.must(s.server.SetLinger(0))
		s.must(s.server.Close())
	}
	follow(c, "the server crashes, and resets the connection", 6, func(s *stage) {
		s.connect()
		reset(s)
	})
	follow(c, "the server crashes after the client has closed", 9, func(s *stage) {
		s.connect()
		s.must(s.client.CloseWrite())
		reset(s)
	})
	follow(c, "the server crashes after it has sent its FIN", 9, func(s *stage) {
		s.connect()
		s.must(s.server.CloseWrite())
		reset(s)
	})
}

// follow plays a scene on a lab, and asks Next for each thing that happened to
// an end there. least is how many there must be.
func follow(c *check.Check, scene string, least int, play func(*stage)) {
	c.Step("plays: %s", scene)
	s := &stage{lab: netlab.New(netlab.RACK(false))}
	defer s.lab.Close()
	s.hosts = [2]*netlab.Host{s.lab.Host("client"), s.lab.Host("server")}
	play(s)
	s.lab.Settle()
	s.lab.Advance(5 * time.Minute)
	c.Must(s.err)
	t := s.lab.Trace()
	happened := observe(t)
	if len(happened) < least {
		c.Must(fmt.Errorf("only %d things happened in the lab: %v", len(happened), happened))
	}
	for _, h := range happened {
		got := Next(h.from, h.event)
		if got == h.to {
			continue
		}
		cut := *t
		cut.Events = cut.Events[:h.until]
		var b bytes.Buffer
		c.Must(diagram.Text(&b, &cut, diagram.TextOptions{Width: 70, Plain: true}))
		c.Step("follows the %s's end:\n%s", h.host, strings.TrimRight(b.String(), "\n"))
		c.Step("asks for the next state of %s when %s", h.from, h.event)
		c.Fail(string(h.to)+", as the stack did", string(got), cause(h, got))
	}
}

// cause is the likely cause when the next state is not as it was predicted.
func cause(h happening, got State) string {
	switch {
	case got == h.from && h.event == RST:
		return "an RST ends a connection at once, whatever its state was"
	case got == h.from:
		return "Next knows no way on from here; is the TODO still there?"
	case h.to == h.from:
		return "what means nothing in a state leaves it; only RST, the last ACK and 2 MSL end in CLOSED"
	case h.event == CallDial:
		return "Dial only sends SYN; nobody has answered yet"
	case h.event == SYN:
		return "a SYN can come from anybody; the server waits for the ACK of its own SYN"
	case h.from == FinWait1 && h.event == ACKofFIN:
		return "an ACK of its FIN ends one direction only: the peer may still send, and that is FIN_WAIT_2"
	case h.from == FinWait1 && h.event == FIN:
		return "this FIN does not acknowledge the own one: both closed at once, and that is CLOSING"
	case h.from == FinWait1 && h.event == FINandACK:
		return "this FIN acknowledges the own one too: both things have come in one packet, so TIME_WAIT follows at once"
	case h.to == TimeWait:
		return "the end that closed first waits after the last FIN; its last ACK may be lost"
	case h.from == LastAck:
		return "only the end that closed first waits for 2 MSL; this one has its ACK, and nothing is left to answer"
	case h.to == CloseWait:
		return "a FIN only says that the peer sends no more; this end closes when its own program does"
	case h.to == LastAck:
		return "after the peer's FIN, Close is the last one: only an ACK is still to come, and that is LAST_ACK"
	}
	return "another event leads to " + string(got) + "; look at the figure in the lesson's text"
}

// A stage is a lab with two hosts and a connection between them.
type stage struct {
	lab            *netlab.Lab
	hosts          [2]*netlab.Host
	client, server *netlab.Conn
	err            error // the first one
}

func (s *stage) must(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *stage) connect() {
	ln, err := s.hosts[1].Listen("tcp", ":80")
	s.must(err)
	client, err := s.hosts[0].Dial("tcp", "server:80")
	s.must(err)
	server, err := ln.Accept()
	s.must(err)
	s.client, s.server = client.(*netlab.Conn), server.(*netlab.Conn)
}

// say sends something from one end to the other.
func (s *stage) say(from, to net.Conn) {
	_, err := io.WriteString(from, "hello")
	s.must(err)
	_, err = io.ReadFull(to, make([]byte, 5))
	s.must(err)
}

// closeInTurn lets one end close, the other still send, and then close too.
func (s *stage) closeInTurn(first, second *netlab.Conn) {
	s.must(first.CloseWrite())
	_, err := io.ReadAll(second)
	s.must(err)
	s.say(second, first)
	s.must(second.Close())
	_, err = io.ReadAll(first)
	s.must(err)
	s.must(first.Close())
}

// A happening is an event at one end, and the states before and after it.
type happening struct {
	host  string
	from  State
	event Event
	to    State
	until int // how many events the trace has when it is over
}

// An end is what observe knows of one end so far.
type end struct {
	state    State
	syn, fin int64 // the number that acknowledges its own; -1 when there is none, or it was acknowledged
	gone     bool  // it has reset the connection itself, which is no event of the exercise
}

type name struct {
	host          string
	local, remote netip.AddrPort
}

// observe reads from a trace what happened to each end, in order. Nothing in
// here knows which state should follow.
func observe(t *trace.Trace) []happening {
	var all []happening
	ends := map[name]*end{}
	open := map[name]int{} // the happening of an end that may still change its state
	get := func(n name) *end {
		if ends[n] == nil {
			ends[n] = &end{state: Closed, syn: -1, fin: -1}
		}
		return ends[n]
	}
	happens := func(n name, what Event, i int) {
		if e := get(n); !e.gone {
			open[n] = len(all)
			all = append(all, happening{n.host, e.state, what, e.state, i + 1})
		}
	}
	for i, e := range t.Events {
		p := t.PacketOf(e)
		n := name{e.Host, e.Local, e.Remote}
		switch e.Kind {
		case trace.Call:
			if (e.Op == "Close" || e.Op == "CloseWrite") && get(n).state != Closed {
				happens(n, CallClose, i)
			}
		case trace.Send:
			from := get(name{p.From, p.Src, p.Dst})
			switch next := int64(p.Seq) + int64(p.Length) + 1; {
			case p.Again:
			case p.Flags.Has(trace.RST):
				from.gone = true
				if h, ok := open[name{p.From, p.Src, p.Dst}]; ok && all[h].event == CallClose {
					all[h].event = "" // it was meant to reset
				}
			case p.Flags.Has(trace.SYN):
				from.syn = next
			case p.Flags.Has(trace.FIN):
				from.fin = next
			}
		case trace.Deliver:
			n := name{p.To, p.Dst, p.Src}
			if listens(ends, n) && p.Flags == trace.SYN {
				get(n).state = Listen // this end begins as the listener's
			}
			if to := get(n); to.state != Closed {
				happens(n, to.comes(p), i)
			}
		case trace.Timer:
			for n, to := range ends {
				if e.Detail == "2 MSL" && n.host == e.Host && to.state == TimeWait {
					happens(n, After2MSL, i)
				}
			}
		case trace.State:
			switch e.To {
			case "LISTEN":
				happens(n, CallListen, i)
			case "SYN-SENT":
				happens(n, CallDial, i)
			}
			to := get(n)
			to.state = spelled(e.To)
			if h, ok := open[n]; ok && !to.gone {
				all[h].to, all[h].until = to.state, i+1
			}
		}
	}
	return slices.DeleteFunc(all, func(h happening) bool { return h.event == "" })
}

// listens tells whether an end is new, and its host has a listener for it.
func listens(ends map[name]*end, n name) bool {
	if e := ends[n]; e != nil && e.state != Closed {
		return false
	}
	for other, e := range ends {
		if other.host == n.host && e.state == Listen && other.local.Port() == n.local.Port() {
			return true
		}
	}
	return false
}

// comes says which event a packet is for an end.
func (e *end) comes(p *trace.Packet) Event {
	ofSYN, ofFIN := int64(p.Ack) == e.syn, int64(p.Ack) == e.fin
	if ofSYN {
		e.syn = -1
	}
	if ofFIN {
		e.fin = -1
	}
	switch {
	case p.Flags.Has(trace.RST):
		return RST
	case p.Flags.Has(trace.SYN | trace.ACK):
		return SYNandACK
	case p.Flags.Has(trace.SYN):
		return SYN
	case p.Flags.Has(trace.FIN) && ofFIN:
		return FINandACK
	case p.Flags.Has(trace.FIN):
		return FIN
	case ofFIN:
		return ACKofFIN
	case ofSYN:
		return ACKofSYN
	}
	return DataOrACK
}

// spelled is a state of RFC 9293 as the notes spell it.
func spelled(state string) State {
	if state == "SYN-RECEIVED" {
		return SynRcvd
	}
	return State(strings.ReplaceAll(state, "-", "_"))
}
