package netlab

import (
	"net/netip"
	"slices"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/header"

	"example.com/netlessons/netlab/trace"
)

// collect puts everything on the wire that the stacks have sent, and returns
// whether that was anything.
func (l *Lab) collect() bool {
	all := l.queue.takeSent()
	for _, s := range all {
		l.transmit(s.host, s.bytes)
	}
	return len(all) > 0
}

// transmit takes one packet through its sender's queue and bandwidth, and
// through the faults, to its destination.
func (l *Lab) transmit(from *Host, bytes []byte) {
	p := l.decode(from, bytes)
	l.trace.Packets = append(l.trace.Packets, p)
	l.record(trace.Event{Kind: trace.Send, Host: from.name, Packet: p.N})

	wait, ok := from.enqueue(l.queue.now(), len(bytes))
	if !ok {
		l.drop(p, "queue full")
		return
	}
	after := wait + from.config.latency
	if held := from.held; held != nil {
		defer held.release(after) // after this one
	}
	f := Flight{Packet: p, lab: l}
	for _, fault := range l.faults {
		if fault.off || !fault.when(&f.Packet) {
			continue
		}
		f.fault = fault.name
		fault.do(&f)
		if f.dropped {
			l.drop(p, fault.name)
			return
		}
	}
	to := l.byAddr[p.Dst.Addr()]
	if to == nil {
		l.drop(p, "no such host")
		return
	}
	send := func(after time.Duration) {
		for _, extra := range append([]time.Duration{0}, f.copies...) {
			l.deliver(to, p, f.Packet.Bytes, after+f.delay+extra)
		}
	}
	if !f.swapped {
		send(after)
		return
	}
	held := &heldPacket{host: from, send: send}
	held.timeout = event{index: -1, packet: true, fire: func() { held.release(after) }}
	l.queue.schedule(&held.timeout, time.Second)
	from.held = held
}

// A heldPacket waits for the next one of its sender.
type heldPacket struct {
	host    *Host
	send    func(after time.Duration)
	timeout event
}

func (p *heldPacket) release(after time.Duration) {
	if p.host.held == p {
		p.host.held = nil
	}
	if p.send != nil {
		p.host.lab.queue.remove(&p.timeout)
		p.send(after)
		p.send = nil
	}
}

// deliver lets a packet reach a host, d from now, as the bytes that faults have
// left of it.
func (l *Lab) deliver(to *Host, p trace.Packet, bytes []byte, d time.Duration) {
	l.queue.schedule(&event{index: -1, packet: true, fire: func() {
		l.record(trace.Event{Kind: trace.Deliver, Host: to.name, Packet: p.N})
		to.receive(slices.Clone(bytes))
		to.settle()
		l.collect()
		if slices.Equal(bytes, p.Bytes) {
			l.observe(to, endOf(&p), &p)
		} else {
			l.observe(to, endOf(&p), nil)
		}
		to.ready = true
	}}, d)
}

func (l *Lab) drop(p trace.Packet, fault string) {
	l.record(trace.Event{Kind: trace.Drop, Host: p.From, Packet: p.N, Fault: fault})
}

// enqueue returns how long a packet waits until all of it is on the wire, or
// false if the queue for the wire is full.
func (h *Host) enqueue(now time.Duration, bytes int) (wait time.Duration, ok bool) {
	if h.config.bandwidth == 0 {
		return 0, true
	}
	for len(h.queued) > 0 && h.queued[0] <= now {
		h.queued = h.queued[1:]
	}
	if len(h.queued) >= h.config.queueLen {
		return 0, false
	}
	takes := time.Duration(int64(bytes) * 8 * int64(time.Second) / int64(h.config.bandwidth))
	h.freeAt = max(h.freeAt, now) + takes
	h.queued = append(h.queued, h.freeAt)
	return h.freeAt - now, true
}

// A flow is one direction of a connection; numbers is what its sender has said.
type flow struct{ src, dst netip.AddrPort }

type numbers struct {
	isn   uint32 // of its SYN
	next  uint32 // the highest sequence number sent, relative
	scale int    // window scale; the factor is 1 << scale

	window int // last offered, in bytes
}

// decode reads the headers of a packet.
func (l *Lab) decode(from *Host, bytes []byte) trace.Packet {
	p := trace.Packet{N: len(l.trace.Packets) + 1, From: from.name, Bytes: bytes}
	var payload []byte
	var protocol uint8
	var fragment bool // without the header of TCP or UDP
	if header.IPVersion(bytes) == header.IPv6Version {
		ip := header.IPv6(bytes)
		p.Src, p.Dst = addrPort(ip.SourceAddressSlice(), 0), addrPort(ip.DestinationAddressSlice(), 0)
		protocol, payload = ip.NextHeader(), ip.Payload()
		fragment = protocol == uint8(header.IPv6FragmentHeader)
	} else {
		ip := header.IPv4(bytes)
		p.Src, p.Dst = addrPort(ip.SourceAddressSlice(), 0), addrPort(ip.DestinationAddressSlice(), 0)
		protocol, payload = ip.Protocol(), ip.Payload()
		fragment = ip.FragmentOffset() > 0
	}
	if to := l.byAddr[p.Dst.Addr()]; to != nil {
		p.To = to.name
	}
	switch {
	case fragment:
		p.Protocol, p.Length = "fragment", len(payload)
	case protocol == uint8(header.TCPProtocolNumber) && len(payload) >= header.TCPMinimumSize:
		l.decodeTCP(&p, header.TCP(payload))
	case protocol == uint8(header.UDPProtocolNumber) && len(payload) >= header.UDPMinimumSize:
		udp := header.UDP(payload)
		p.Protocol, p.Length = "udp", len(udp.Payload())
		p.Src = netip.AddrPortFrom(p.Src.Addr(), udp.SourcePort())
		p.Dst = netip.AddrPortFrom(p.Dst.Addr(), udp.DestinationPort())
	case protocol == uint8(header.ICMPv4ProtocolNumber), protocol == uint8(header.ICMPv6ProtocolNumber):
		p.Protocol, p.Length = "icmp", len(payload)
	default:
		p.Protocol, p.Length = "other", len(payload)
	}
	return p
}

// decodeTCP reads a segment. Its numbers become relative to the two SYNs, so
// that each connection counts from 0.
func (l *Lab) decodeTCP(p *trace.Packet, tcp header.TCP) {
	p.Protocol, p.Length = "tcp", len(tcp.Payload())
	p.Src = netip.AddrPortFrom(p.Src.Addr(), tcp.SourcePort())
	p.Dst = netip.AddrPortFrom(p.Dst.Addr(), tcp.DestinationPort())
	p.Flags = trace.Flags(tcp.Flags())

	out, back := l.numbers(flow{p.Src, p.Dst}), l.numbers(flow{p.Dst, p.Src})
	p.Window = int(tcp.WindowSize()) << out.scale
	if p.Flags.Has(trace.SYN) {
		if out.isn != tcp.SequenceNumber() { // the first SYN, or these ports are used again
			*out = numbers{isn: tcp.SequenceNumber()}
		}
		p.Window = int(tcp.WindowSize()) // never scaled
		options := header.ParseSynOptions(tcp.Options(), p.Flags.Has(trace.ACK))
		out.scale = max(options.WS, 0)
		if p.Flags.Has(trace.ACK) && options.WS < 0 {
			back.scale = 0 // both ends scale, or none does
		}
	}
	out.window = p.Window
	p.Seq = tcp.SequenceNumber() - out.isn
	if p.Flags.Has(trace.ACK) {
		p.Ack = tcp.AckNumber() - back.isn
	}
	end := p.Seq + uint32(p.Length)
	if p.Flags&(trace.SYN|trace.FIN) != 0 {
		end++
	}
	p.Again = end != p.Seq && int32(out.next-end) >= 0
	if int32(end-out.next) > 0 && !p.Flags.Has(trace.RST) {
		out.next = end
	}
}

func (l *Lab) numbers(f flow) *numbers {
	n := l.flows[f]
	if n == nil {
		n = &numbers{}
		l.flows[f] = n
	}
	return n
}

func addrPort(addr []byte, port uint16) netip.AddrPort {
	a, _ := netip.AddrFromSlice(addr)
	return netip.AddrPortFrom(a, port)
}
