package diagram

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"example.com/netlessons/netlab/trace"
)

// sequenceOf brings a trace into steps.
func sequenceOf(t *trace.Trace) *sequence {
	b := builder{
		sequence: &sequence{flows: map[flow]string{}},
		trace:    t,
		column:   map[string]int{}, called: map[string]string{},
		cause: map[int]int{}, sending: map[int]int{}, arrivals: map[int]int{}, merged: map[int]bool{},
	}
	for i, h := range t.Hosts {
		b.hosts = append(b.hosts, h.Name)
		b.column[h.Name] = i
	}
	b.first = make([]string, len(b.hosts))
	for _, p := range t.Packets {
		if f := flowOf(p.Protocol, p.Src, p.Dst); p.Src.Port() != 0 && b.flows[f] == "" {
			b.flows[f] = fmt.Sprintf(":%d", p.Src.Port())
		}
	}
	for _, e := range t.Events {
		if p := b.packet(e); p != nil && e.Kind == trace.Deliver && e.Host == p.To {
			b.arrivals[e.Packet]++
		}
	}
	for i, e := range t.Events {
		if !b.merged[i] {
			b.event(i, e)
		}
	}
	return b.sequence
}

// A builder makes a sequence, event by event.
type builder struct {
	*sequence
	trace    *trace.Trace
	column   map[string]int    // of a host
	called   map[string]string // what a host's call was called with
	cause    map[int]int       // by column: the step that a change of state belongs to
	sending  map[int]int       // by packet: the step of its sending
	arrivals map[int]int       // by packet: those still to come
	merged   map[int]bool      // events that are part of an earlier step
}

// add appends a step and makes it the cause of what follows at its host.
func (b *builder) add(s step) {
	s.end = s.at
	s.states = map[int]string{}
	if s.host >= 0 {
		b.cause[s.host] = len(b.steps)
	}
	b.steps = append(b.steps, s)
}

func (b *builder) event(i int, e trace.Event) {
	host, known := b.column[e.Host]
	if !known {
		host = -1
	}
	switch e.Kind {
	case trace.Send, trace.Deliver, trace.Drop, trace.Faulted:
		if p := b.packet(e); p != nil {
			b.packetEvent(e, host, p)
		}
	case trace.State:
		b.stateEvent(e, host)
	case trace.Call:
		b.called[e.Host+" "+e.Op] = e.Detail
		if j := b.returnsAtOnce(i); j > 0 {
			b.merged[j] = true
			r := b.trace.Events[j]
			b.say(call, e, host, e.Op+" called and returned", cmp.Or(r.Err, e.Detail))
			return
		}
		detail := e.Detail
		if e.Op == "Listen" {
			detail = fmt.Sprintf(":%d", e.Local.Port())
		}
		b.say(call, e, host, e.Op+" called", detail)
	case trace.Block:
		b.say(call, e, host, e.Op+" blocked", "")
	case trace.Return:
		detail := e.Detail
		if detail == b.called[e.Host+" "+e.Op] {
			detail = ""
		}
		b.say(call, e, host, e.Op+" returned", cmp.Or(e.Err, detail))
	case trace.Timer:
		b.say(timer, e, host, "timer", e.Detail)
	case trace.Note:
		b.say(note, e, -1, e.Detail, "")
	}
}

func (b *builder) say(k kind, e trace.Event, host int, what, detail string) {
	if detail != "" {
		what += ": " + detail
	}
	if host < 0 && e.Host != "" {
		what = e.Host + ": " + what
	}
	s := step{kind: k, at: e.At, host: host, text: what}
	if e.Local.IsValid() {
		s.flow = flowOf("tcp", e.Local, e.Remote)
	}
	b.add(s)
}

// returnsAtOnce returns the event with which the call in event i returns, if
// nothing but its effects at its own host lies between, or 0.
func (b *builder) returnsAtOnce(i int) int {
	c := b.trace.Events[i]
	for j, e := range b.trace.Events[i+1:] {
		if e.Host != c.Host || e.At != c.At {
			return 0
		}
		switch e.Kind {
		case trace.Send, trace.Drop, trace.Faulted, trace.State, trace.Info:
		case trace.Return:
			if e.Op == c.Op {
				return i + 1 + j
			}
			return 0
		default:
			return 0
		}
	}
	return 0
}

// packet returns the packet of an event, or nil also where the trace is wrong.
func (b *builder) packet(e trace.Event) *trace.Packet {
	if e.Packet < 1 || e.Packet > len(b.trace.Packets) {
		return nil
	}
	return &b.trace.Packets[e.Packet-1]
}

func (b *builder) packetEvent(e trace.Event, host int, p *trace.Packet) {
	last := len(b.steps) - 1
	at, isSent := b.sending[e.Packet]
	switch {
	case e.Kind == trace.Send:
		b.send(e, host, p)
	case !isSent:
	case e.Kind == trace.Deliver:
		b.arrivals[e.Packet]--
		s := &b.steps[at]
		switch {
		case host != s.peer:
		case at == last:
			s.arrives, s.end, s.later = true, e.At, b.arrivals[e.Packet]
			b.cause[host] = at
		default:
			b.add(step{kind: arrival, at: e.At, host: host, peer: s.host, packet: p, flow: s.flow, from: at, later: b.arrivals[e.Packet]})
		}
	case e.Kind == trace.Drop && b.arrivals[e.Packet] == 0:
		b.steps[at].lost, b.steps[at].text = true, e.Fault
	default:
		b.steps[at].marks = append(b.steps[at].marks, strings.TrimSuffix(e.Fault+": "+e.Detail, ": "))
	}
}

func (b *builder) send(e trace.Event, host int, p *trace.Packet) {
	peer, known := b.column[p.To]
	if !known {
		peer = towards(host, len(b.hosts))
	}
	if host < 0 || peer < 0 || host == peer {
		b.add(step{kind: note, at: e.At, host: -1, text: fmt.Sprintf("%s: %d %s", e.Host, e.Packet, b.label(p, full))})
		return
	}
	cause, ok := b.cause[host]
	b.add(step{kind: sent, at: e.At, host: host, peer: peer, packet: p, flow: flowOf(p.Protocol, p.Src, p.Dst), later: b.arrivals[e.Packet]})
	b.sending[e.Packet] = len(b.steps) - 1
	if ok && b.arrivesAt(cause, host, e.At) {
		b.cause[host] = cause // not the answer changes the state, but what it answers
	}
}

// arrivesAt tells whether a packet arrives at host in step i, at this time.
func (b *builder) arrivesAt(i, host int, at time.Duration) bool {
	s := b.steps[i]
	return s.end == at && (s.kind == arrival && s.host == host || s.arrives && s.peer == host)
}

// towards returns the column to which a packet without a destination goes.
func towards(host, hosts int) int {
	if host > 0 {
		return host - 1
	}
	if hosts > 1 {
		return 1
	}
	return -1
}

func (b *builder) stateEvent(e trace.Event, host int) {
	if host < 0 {
		return
	}
	if b.first[host] == "" {
		b.first[host] = cmp.Or(e.From, "CLOSED")
	}
	f := flowOf("tcp", e.Local, e.Remote)
	cause, ok := b.cause[host]
	if !ok || !b.steps[cause].explains(e.At, host, f) {
		var end string
		if !e.Remote.IsValid() {
			end = fmt.Sprintf("listener :%d", e.Local.Port())
		} else if len(b.flows) > 1 {
			end = b.flows[f]
		}
		b.add(step{kind: change, at: e.At, host: host, text: end})
		cause = len(b.steps) - 1
	}
	b.steps[cause].states[host] = e.To
}
