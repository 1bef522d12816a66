package netlab

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"example.com/netlessons/netlab/trace"
)

// Dial connects to addr, "HOST:PORT" with a host's name or its address.
// network is "tcp" or "udp", with 4 or 6 behind it to choose the address.
func (h *Host) Dial(network, addr string) (net.Conn, error) {
	return h.DialContext(context.Background(), network, addr)
}

// DialContext is Dial, and gives up when ctx ends.
func (h *Host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	return h.DialFrom(ctx, network, 0, addr)
}

// DialFrom is DialContext from a port of one's choice; 0 lets the stack choose.
func (h *Host) DialFrom(ctx context.Context, network string, port uint16, addr string) (net.Conn, error) {
	remote, transport, err := h.resolve(network, addr)
	if err != nil {
		return nil, opError("dial", network, nil, nil, err)
	}
	if transport == "udp" {
		c, err := h.bindUDP(ctx, network, netip.AddrPortFrom(h.localFor(remote.Addr()), port), remote)
		if err != nil {
			return nil, opError("dial", network, nil, net.UDPAddrFromAddrPort(remote), err)
		}
		return c, nil
	}

	c := &Conn{host: h, remote: remote, wq: &waiter.Queue{}}
	o := &op{wants: "an answer from " + remote.String(), host: h, tie: addr, end: c.endNow}
	o.try = func() (bool, error) {
		if c.ep == nil {
			h.lab.record(trace.Event{Kind: trace.Call, Host: h.name, Op: "Dial", Detail: addr, Remote: remote})
			return c.connect(port)
		}
		switch tcp.EndpointState(c.ep.State()) {
		case tcp.StateSynSent, tcp.StateSynRecv:
			return false, nil
		}
		if err := c.ep.LastError(); err != nil {
			return true, errno("connect", err)
		}
		return true, nil
	}
	o.ended = func(err error) {
		e := trace.Event{Kind: trace.Return, Host: h.name, Op: "Dial", Detail: addr, Remote: remote}
		if err != nil {
			e.Err = err.Error()
			if c.ep != nil {
				c.ep.Close()
			}
		} else {
			c.open()
			e.Local = c.local
		}
		h.lab.record(e)
	}
	if err := h.lab.do(ctx, o); err != nil {
		return nil, opError("dial", network, nil, net.TCPAddrFromAddrPort(remote), err)
	}
	return c, nil
}

// connect sends the SYN.
func (c *Conn) connect(port uint16) (bool, error) {
	ep, err := c.host.stack.NewEndpoint(tcp.ProtocolNumber, networkOf(c.remote.Addr()), c.wq)
	if err != nil {
		return true, errno("socket", err)
	}
	c.ep = ep
	local := netip.AddrPortFrom(c.host.localFor(c.remote.Addr()), port)
	if port != 0 {
		if err := ep.Bind(full(local)); err != nil {
			return true, errno("bind", err)
		}
	}
	switch err := ep.Connect(full(c.remote)).(type) {
	case *tcpip.ErrConnectStarted:
		return false, nil
	case nil:
		return true, nil
	default:
		return true, errno("connect", err)
	}
}

// A Listener accepts the connections to one port of a host.
type Listener struct {
	host   *Host
	ep     tcpip.Endpoint
	wq     waiter.Queue
	addr   netip.AddrPort
	serial int
	closed bool
}

// Listen listens on addr, ":PORT" or "HOST:PORT" with this host's name or
// address. Port 0 lets the stack choose. network is "tcp", "tcp4" or "tcp6".
func (h *Host) Listen(network, addr string) (net.Listener, error) {
	local, transport, err := h.resolve(network, addr)
	if err == nil && transport != "tcp" {
		err = net.UnknownNetworkError(network)
	}
	if err != nil {
		return nil, opError("listen", network, nil, nil, err)
	}
	ln := &Listener{host: h}
	err = h.lab.do(context.Background(), &op{host: h, tie: addr, try: func() (bool, error) {
		return true, ln.start(local)
	}})
	if err != nil {
		return nil, opError("listen", network, nil, net.TCPAddrFromAddrPort(local), err)
	}
	return ln, nil
}

func (ln *Listener) start(local netip.AddrPort) error {
	h := ln.host
	ep, err := h.stack.NewEndpoint(tcp.ProtocolNumber, networkOf(local.Addr()), &ln.wq)
	if err != nil {
		return errno("socket", err)
	}
	if err := ep.Bind(full(local)); err != nil {
		ep.Close()
		return errno("bind", err)
	}
	if err := ep.Listen(h.config.backlog); err != nil {
		ep.Close()
		return errno("listen", err)
	}
	bound, _ := ep.GetLocalAddress()
	ln.ep, ln.serial = ep, h.lab.nextSerial()
	ln.addr = netip.AddrPortFrom(local.Addr(), bound.Port)
	h.lab.record(trace.Event{Kind: trace.Call, Host: h.name, Op: "Listen", Local: ln.addr})
	h.lab.record(trace.Event{Kind: trace.State, Host: h.name, Local: ln.addr, From: closed, To: "LISTEN"})
	return nil
}

// Accept waits for the next connection and returns it.
func (ln *Listener) Accept() (net.Conn, error) {
	h := ln.host
	c := &Conn{host: h}
	o := &op{wants: "a connection", host: h, order: ln.serial * kinds, closed: &ln.closed}
	o.waited = func() {
		h.lab.record(trace.Event{Kind: trace.Call, Host: h.name, Op: "Accept", Local: ln.addr})
	}
	o.try = func() (bool, error) {
		var from tcpip.FullAddress
		ep, wq, err := ln.ep.Accept(&from)
		switch err.(type) {
		case *tcpip.ErrWouldBlock:
			return false, nil
		case nil:
		default:
			return true, errno("accept", err)
		}
		c.ep, c.wq = ep, wq
		c.remote = netip.AddrPortFrom(netip.MustParseAddr(from.Addr.String()), from.Port)
		c.open()
		h.lab.record(trace.Event{Kind: trace.Return, Host: h.name, Op: "Accept", Local: c.local, Remote: c.remote})
		return true, nil
	}
	if err := h.lab.do(context.Background(), o); err != nil {
		return nil, opError("accept", "tcp", nil, ln.Addr(), err)
	}
	return c, nil
}

// Close stops listening. Connections that were accepted stay.
func (ln *Listener) Close() error {
	var err error
	ln.host.lab.doNow(ln.host, ln.serial*kinds, func() {
		if ln.closed {
			err = opError("close", "tcp", nil, ln.Addr(), net.ErrClosed)
			return
		}
		ln.closed = true
		ln.host.lab.record(trace.Event{Kind: trace.Call, Host: ln.host.name, Op: "Close", Local: ln.addr})
		ln.ep.Close()
		ln.host.settle()
		ln.host.lab.collect()
		ln.host.lab.observeAll(ln.host) // what nobody has accepted is reset
		ln.host.lab.record(trace.Event{Kind: trace.State, Host: ln.host.name, Local: ln.addr, From: "LISTEN", To: closed})
	}, nil)
	return err
}

// Addr returns the address that is listened on.
func (ln *Listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(ln.addr) }

// resolve returns the address that addr stands for on network, and the
// transport: "tcp" or "udp". An empty host is h itself.
func (h *Host) resolve(network, addr string) (netip.AddrPort, string, error) {
	transport, version := network, ""
	switch network {
	case "tcp", "udp":
	case "tcp4", "tcp6", "udp4", "udp6":
		transport, version = network[:3], network[3:]
	default:
		return netip.AddrPort{}, "", net.UnknownNetworkError(network)
	}
	name, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, "", err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return netip.AddrPort{}, "", &net.AddrError{Err: "the port must be a number from 0 to 65535", Addr: addr}
	}
	ip, err := h.lookup(name, version)
	return netip.AddrPortFrom(ip, uint16(port)), transport, err
}

func (h *Host) lookup(name, version string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(name); err == nil {
		if ip.IsUnspecified() {
			name = ""
		} else {
			return ip, nil
		}
	}
	target := h
	if name != "" {
		h.lab.mu.Lock()
		target = h.lab.byName[name]
		h.lab.mu.Unlock()
	}
	if target == nil {
		return netip.Addr{}, &net.DNSError{Err: "no such host in the lab", Name: name, IsNotFound: true}
	}
	for _, ip := range target.addrs {
		if version == "" && (ip.Is4() || len(h.addrs) > 1) || version == "4" && ip.Is4() || version == "6" && ip.Is6() {
			return ip, nil
		}
	}
	return netip.Addr{}, &net.AddrError{Err: fmt.Sprintf("host %q has no such address; give the lab the option IPv6", target.name), Addr: name}
}

// localFor returns the address of h that talks to remote.
func (h *Host) localFor(remote netip.Addr) netip.Addr {
	for _, ip := range h.addrs {
		if ip.Is4() == remote.Is4() {
			return ip
		}
	}
	return h.addrs[0]
}

func networkOf(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is6() {
		return header.IPv6ProtocolNumber
	}
	return ipv4.ProtocolNumber
}

func full(a netip.AddrPort) tcpip.FullAddress {
	return tcpip.FullAddress{Addr: address(a.Addr()), Port: a.Port()}
}

// doNow does what never waits, when its turn comes, and then looks at an end.
func (l *Lab) doNow(h *Host, order int, f func(), e func() end) {
	l.do(context.Background(), &op{host: h, order: order, end: e, try: func() (bool, error) { f(); return true, nil }})
}

func (l *Lab) nextSerial() int {
	l.serial++
	return l.serial
}
