package netlab

import (
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"example.com/netlessons/netlab/trace"
)

// closed is the state of an end that does not exist.
const closed = "CLOSED"

// An end is one end of a TCP connection, as its host sees it.
type end struct{ local, remote netip.AddrPort }

// A tcpEnd is what was last seen of an end.
type tcpEnd struct {
	end
	ep    *tcp.Endpoint
	state string
	info  trace.TCPInfo

	sendWnd int // that has arrived last
}

// endOf returns the end that a packet is for.
func endOf(p *trace.Packet) end {
	if p.Protocol != "tcp" {
		return end{}
	}
	return end{p.Dst, p.Src}
}

// observe records what has changed at one end since the last look. p is the
// packet that has just arrived for it, or nil.
func (l *Lab) observe(h *Host, e end, p *trace.Packet) {
	if e == (end{}) {
		return
	}
	t := h.ends[e]
	if t == nil {
		if t = h.find(e); t == nil {
			return
		}
		h.ends[e] = t
	}
	if p != nil {
		t.sendWnd = p.Window
	}
	if state := stateName(t.ep.EndpointState()); state != t.state {
		l.record(trace.Event{Kind: trace.State, Host: h.name, Local: e.local, Remote: e.remote, From: t.state, To: state})
		t.state = state
	}
	if t.state == closed {
		delete(h.ends, e)
		if h.find(e) != nil { // these ports are in use again already
			l.observe(h, e, p)
		}
		return
	}
	l.observeInfo(h, t)
}

// observeInfo records what an end knows, if that has changed.
func (l *Lab) observeInfo(h *Host, t *tcpEnd) {
	if t.state == "SYN-SENT" || t.state == "SYN-RECEIVED" {
		return
	}
	var o tcpip.TCPInfoOption
	if err := t.ep.GetSockOpt(&o); err != nil {
		return
	}
	info := trace.TCPInfo{
		Cwnd: int(o.SndCwnd), Ssthresh: int(o.SndSsthresh), RTT: o.RTT, RTO: o.RTO,
		SendWnd: t.sendWnd, RecvWnd: l.numbers(flow{t.local, t.remote}).window,
	}
	if info != t.info {
		l.backedOff = l.backedOff || t.info.RTO > 0 && info.RTO > t.info.RTO
		t.info = info
		l.record(trace.Event{Kind: trace.Info, Host: h.name, Local: t.local, Remote: t.remote, TCP: &info})
	}
}

// observeAll does so for every end of a host, in the order of their addresses.
func (l *Lab) observeAll(h *Host) {
	ends := make([]end, 0, len(h.ends))
	for e := range h.ends {
		ends = append(ends, e)
	}
	slices.SortFunc(ends, func(a, b end) int {
		if c := a.local.Compare(b.local); c != 0 {
			return c
		}
		return a.remote.Compare(b.remote)
	})
	for _, e := range ends {
		l.observe(h, e, nil)
	}
}

// find looks for a new end in the host's stack.
func (h *Host) find(e end) *tcpEnd {
	network := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if e.local.Addr().Is6() {
		network = header.IPv6ProtocolNumber
	}
	found := h.stack.FindTransportEndpoint(network, tcp.ProtocolNumber, stack.TransportEndpointID{
		LocalAddress: address(e.local.Addr()), LocalPort: e.local.Port(),
		RemoteAddress: address(e.remote.Addr()), RemotePort: e.remote.Port(),
	}, nic)
	ep, ok := found.(*tcp.Endpoint)
	if !ok || ep.EndpointState() == tcp.StateListen || stateName(ep.EndpointState()) == closed {
		return nil
	}
	return &tcpEnd{end: e, ep: ep, state: closed}
}

// stateName spells a state as RFC 9293 section 3.3.2 does.
func stateName(s tcp.EndpointState) string {
	switch s {
	case tcp.StateListen:
		return "LISTEN"
	case tcp.StateSynSent:
		return "SYN-SENT"
	case tcp.StateSynRecv:
		return "SYN-RECEIVED"
	case tcp.StateEstablished:
		return "ESTABLISHED"
	case tcp.StateFinWait1:
		return "FIN-WAIT-1"
	case tcp.StateFinWait2:
		return "FIN-WAIT-2"
	case tcp.StateCloseWait:
		return "CLOSE-WAIT"
	case tcp.StateClosing:
		return "CLOSING"
	case tcp.StateLastAck:
		return "LAST-ACK"
	case tcp.StateTimeWait:
		return "TIME-WAIT"
	}
	return closed
}
