package netlab

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"

	"example.com/netlessons/netlab/trace"
)

const nic = tcpip.NICID(1)

// A Host is a machine in the lab: a TCP/IP stack with a name and an address.
type Host struct {
	lab    *Lab
	name   string
	number int // from 1, the last part of its address
	addrs  []netip.Addr
	config config
	stack  *stack.Stack
	link   *link
	ends   map[end]*tcpEnd

	waits []*op // in a live lab: the calls that have not returned, in their order
	ready bool  // whether any of waits may go on

	held   *heldPacket     // by Swap
	freeAt time.Duration   // when all that was sent is on the wire
	queued []time.Duration // when each packet that waits for the wire will be on it
}

// Host adds a host to the lab. The first has the address 10.0.0.1, and its name
// stands for its address in Dial. A live lab takes no more hosts.
func (l *Lab) Host(name string, opts ...Option) *Host {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.live.Load() != nil:
		panic("netlab: make all hosts before the lab is live")
	case l.closed:
		panic("netlab: the lab is closed")
	case name == "":
		panic("netlab: a host needs a name")
	case l.byName[name] != nil:
		panic(fmt.Sprintf("netlab: there is a host %q already", name))
	case len(l.hosts) == 254:
		panic("netlab: 10.0.0.0/24 is full")
	}
	h := &Host{lab: l, name: name, number: len(l.hosts) + 1, config: l.config, ends: map[end]*tcpEnd{}}
	for _, opt := range opts {
		opt(&h.config)
	}
	if h.config.ipv6 {
		h.addrs = append(h.addrs, netip.AddrFrom16([16]byte{0: 0xfd, 15: byte(h.number)}))
	}
	h.addrs = append(h.addrs, netip.AddrFrom4([4]byte{10, 0, 0, byte(h.number)}))
	h.start()
	l.hosts = append(l.hosts, h)
	l.byName[name] = h
	for _, addr := range h.addrs {
		l.byAddr[addr] = h
	}
	l.trace.Hosts = append(l.trace.Hosts, trace.Host{Name: name, Addrs: h.addrs})
	return h
}

// Name returns the host's name.
func (h *Host) Name() string { return h.name }

// Addr returns the host's address: the IPv6 one if it has one.
func (h *Host) Addr() netip.Addr { return h.addrs[0] }

// start builds the host's stack and plugs it into the network.
func (h *Host) start() {
	c := h.config
	networks := []stack.NetworkProtocolFactory{ipv4.NewProtocol}
	if c.ipv6 {
		networks = append(networks, newIPv6)
	}
	h.stack = stack.New(stack.Options{
		NetworkProtocols:   networks,
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocolCUBIC, udp.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
		Clock:              clock{h},
		HandleLocal:        false, // what a host sends to itself goes over the wire too
		RandSource:         source{rand.NewPCG(c.seed, uint64(h.number))},
		SecureRNG:          reader{rand.NewPCG(c.seed, uint64(h.number)<<32)},
	})
	congestion := tcpip.CongestionControlOption(c.congestion)
	sack := tcpip.TCPSACKEnabled(c.sack)
	rack := tcpip.TCPRecovery(0)
	if c.rack {
		rack = tcpip.TCPRACKLossDetection
	}
	nagle := tcpip.TCPDelayEnabled(c.nagle)
	msl := tcpip.TCPTimeWaitTimeoutOption(2 * c.msl)
	minRTO, maxRTO := tcpip.TCPMinRTOOption(c.minRTO), tcpip.TCPMaxRTOOption(c.maxRTO)
	fixed := tcpip.TCPModerateReceiveBufferOption(false)
	for _, opt := range []tcpip.SettableTransportProtocolOption{
		&congestion, &sack, &rack, &nagle, &msl, &minRTO, &maxRTO, &fixed,
		&tcpip.TCPSendBufferSizeRangeOption{Min: 1, Default: c.sendBuf, Max: c.sendBuf},
		&tcpip.TCPReceiveBufferSizeRangeOption{Min: 1, Default: c.recvBuf, Max: c.recvBuf},
	} {
		must(h.stack.SetTransportProtocolOption(tcp.ProtocolNumber, opt))
	}

	h.link = &link{host: h}
	must(h.stack.CreateNIC(nic, h.link))
	var routes []tcpip.Route
	for _, addr := range h.addrs {
		protocol, bits, everywhere := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber), 24, header.IPv4EmptySubnet
		if addr.Is6() {
			protocol, bits, everywhere = header.IPv6ProtocolNumber, 64, header.IPv6EmptySubnet
		}
		must(h.stack.AddProtocolAddress(nic, tcpip.ProtocolAddress{
			Protocol:          protocol,
			AddressWithPrefix: tcpip.AddressWithPrefix{Address: address(addr), PrefixLen: bits},
		}, stack.AddressProperties{}))
		routes = append(routes, tcpip.Route{Destination: everywhere, NIC: nic})
	}
	h.stack.SetRouteTable(routes)
}

// settle returns when the stack has dealt with all that it was given. Segments
// are handled by goroutines of the stack; each drains its queue before it
// pauses. One of them may hand a SYN for a port in TIME-WAIT on to another that
// has paused already: so they pause twice.
func (h *Host) settle() {
	for range 2 {
		h.stack.Pause()
		h.stack.Resume()
	}
}

// receive hands a packet to the stack.
func (h *Host) receive(bytes []byte) {
	protocol := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber)
	if header.IPVersion(bytes) == header.IPv6Version {
		protocol = header.IPv6ProtocolNumber
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(bytes)})
	h.link.dispatcher.DeliverNetworkPacket(protocol, pkt)
	pkt.DecRef()
}

func must(err tcpip.Error) {
	if err != nil {
		panic("netlab: " + err.String())
	}
}

func address(a netip.Addr) tcpip.Address { return tcpip.AddrFromSlice(a.AsSlice()) }

// source and reader give a stack its chance, from the lab's seed.
type source struct{ *rand.PCG }

func (s source) Int63() int64 { return int64(s.Uint64() >> 1) }
func (s source) Seed(int64)   {}

type reader struct{ *rand.PCG }

func (r reader) Read(b []byte) (int, error) {
	for n := 0; n < len(b); n += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], r.Uint64())
		copy(b[n:], word[:])
	}
	return len(b), nil
}
