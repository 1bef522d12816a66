package netlab

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"example.com/netlessons/netlab/trace"
)

// A Match picks the packets that a fault befalls. It sees every packet that
// goes onto the wire, in order, so it may count. Of the lab, it and an Action
// may use nothing but the time.
type Match func(p *trace.Packet) bool

// An Action is what a fault does to a packet on its way.
type Action func(f *Flight)

// A Flight is a packet on its way. An action changes what becomes of it.
type Flight struct {
	trace.Packet // what goes on; to rewrite it, give it other Bytes

	lab     *Lab
	fault   string
	dropped bool
	delay   time.Duration
	copies  []time.Duration
	swapped bool
}

// A Fault is a rule for the packets on the wire. It can be turned off, and on again.
type Fault struct {
	name string
	when Match
	do   Action
	lab  *Lab
	off  bool
}

// Fault adds a rule: what do does to the packets that when picks. The trace
// shows it under the name. Rules act in the order in which they were added.
func (l *Lab) Fault(name string, when Match, do Action) *Fault {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &Fault{name: name, when: when, do: do, lab: l}
	l.faults = append(l.faults, f)
	return f
}

// Off ends a fault, as when a partition heals.
func (f *Fault) Off() { f.set(true) }

// On lets a fault happen again.
func (f *Fault) On() { f.set(false) }

func (f *Fault) set(off bool) {
	f.lab.mu.Lock()
	defer f.lab.mu.Unlock()
	f.off = off
}

// Any picks every packet.
func Any(*trace.Packet) bool { return true }

// From picks what the named host sends.
func From(host string) Match { return func(p *trace.Packet) bool { return p.From == host } }

// To picks what is meant for the named host.
func To(host string) Match { return func(p *trace.Packet) bool { return p.To == host } }

// Flags picks TCP segments that have exactly these of SYN, FIN, RST and ACK.
// PSH and URG do not count, nor does the length.
func Flags(want trace.Flags) Match {
	const counted = trace.SYN | trace.FIN | trace.RST | trace.ACK
	return func(p *trace.Packet) bool { return p.Protocol == "tcp" && p.Flags&counted == want&counted }
}

// Data picks TCP segments and datagrams with payload.
func Data(p *trace.Packet) bool {
	return p.Length > 0 && (p.Protocol == "tcp" || p.Protocol == "udp")
}

// All picks what every one of the others picks. Each is asked only if those
// before it have picked the packet: put the one that counts last.
func All(matches ...Match) Match {
	return func(p *trace.Packet) bool {
		for _, m := range matches {
			if !m(p) {
				return false
			}
		}
		return true
	}
}

// Not picks what m does not.
func Not(m Match) Match { return func(p *trace.Packet) bool { return !m(p) } }

// Number picks packet n of the trace.
func Number(n int) Match { return func(p *trace.Packet) bool { return p.N == n } }

// Nth picks the nth of the packets that m picks, from 1.
func Nth(n int, m Match) Match {
	seen := 0
	return func(p *trace.Packet) bool {
		if !m(p) {
			return false
		}
		seen++
		return seen == n
	}
}

// Chance picks packets at random with probability p, from the lab's seed.
func (l *Lab) Chance(p float64) Match {
	return func(*trace.Packet) bool { return l.rng.Float64() < p }
}

// Between picks what is sent in the lab's time from start until just before end.
func (l *Lab) Between(start, end time.Duration) Match {
	return func(*trace.Packet) bool { now := l.queue.now(); return start <= now && now < end }
}

// Drop loses the packet, and the copies that other faults have made of it.
func Drop(f *Flight) { f.dropped = true }

// Delay lets the packet arrive later than it would; so others may overtake it.
func Delay(d time.Duration) Action {
	return func(f *Flight) {
		f.delay += d
		f.tell("later by " + d.String())
	}
}

// Jitter delays each packet by another time, up to most, from the lab's seed.
func (l *Lab) Jitter(most time.Duration) Action {
	return func(f *Flight) { Delay(time.Duration(l.rng.Int64N(int64(most) + 1)))(f) }
}

// Duplicate lets the packet arrive once more, d after it would.
func Duplicate(d time.Duration) Action {
	return func(f *Flight) {
		f.copies = append(f.copies, d)
		f.tell("arrives again " + d.String() + " later")
	}
}

// Corrupt flips one bit of the packet's last byte, which a checksum finds.
func Corrupt(f *Flight) {
	Rewrite(func(b []byte) []byte {
		if len(b) > 0 {
			b[len(b)-1] ^= 1
		}
		return b
	})(f)
}

// Swap lets the packet wait until its sender has sent another one, and arrive
// after that; or a second, if no other comes.
func Swap(f *Flight) {
	f.swapped = true
	f.tell("waits for the next packet")
}

// Rewrite replaces the packet by what change makes of a copy of it, from the IP
// header on. Use [SetChecksums] if it shall arrive. It goes to the host that it
// was sent to, whatever address it then has.
func Rewrite(change func(bytes []byte) []byte) Action {
	return func(f *Flight) {
		f.Bytes = change(append([]byte(nil), f.Bytes...))
		f.tell("rewritten")
	}
}

// tell puts into the trace what a fault has done.
func (f *Flight) tell(what string) {
	f.lab.record(trace.Event{Kind: trace.Faulted, Host: f.From, Packet: f.N, Fault: f.fault, Detail: what})
}

// SetChecksums makes the checksums of a packet right, after it was rewritten. It
// leaves alone what is no whole IP packet.
func SetChecksums(bytes []byte) {
	v4 := len(bytes) >= header.IPv4MinimumSize && header.IPVersion(bytes) == header.IPv4Version && header.IPv4(bytes).IsValid(len(bytes))
	v6 := len(bytes) >= header.IPv6MinimumSize && header.IPVersion(bytes) == header.IPv6Version && header.IPv6(bytes).IsValid(len(bytes))
	if !v4 && !v6 {
		return
	}
	var src, dst tcpip.Address
	var protocol tcpip.TransportProtocolNumber
	var payload []byte
	if header.IPVersion(bytes) == header.IPv6Version {
		ip := header.IPv6(bytes)
		src, dst, protocol, payload = ip.SourceAddress(), ip.DestinationAddress(), tcpip.TransportProtocolNumber(ip.NextHeader()), ip.Payload()
	} else {
		ip := header.IPv4(bytes)
		ip.SetChecksum(0)
		ip.SetChecksum(^ip.CalculateChecksum())
		src, dst, protocol, payload = ip.SourceAddress(), ip.DestinationAddress(), ip.TransportProtocol(), ip.Payload()
	}
	pseudo := header.PseudoHeaderChecksum(protocol, src, dst, uint16(len(payload)))
	switch {
	case protocol == header.TCPProtocolNumber && len(payload) >= header.TCPMinimumSize:
		tcp := header.TCP(payload)
		tcp.SetChecksum(0)
		tcp.SetChecksum(^tcp.CalculateChecksum(checksum.Checksum(tcp.Payload(), pseudo)))
	case protocol == header.UDPProtocolNumber && len(payload) >= header.UDPMinimumSize:
		udp := header.UDP(payload)
		udp.SetChecksum(0)
		udp.SetChecksum(^udp.CalculateChecksum(checksum.Checksum(udp.Payload(), pseudo)))
	}
}
