package netlab

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
)

// A PacketConn is a UDP socket: a [net.PacketConn], and a [net.Conn] if it was
// dialed.
type PacketConn struct {
	host          *Host
	ep            tcpip.Endpoint
	wq            waiter.Queue
	local, remote netip.AddrPort // remote is invalid unless it was dialed
	serial        int

	closed bool
	readBy time.Time
}

// ListenPacket opens a UDP socket on addr, as Listen does for TCP.
func (h *Host) ListenPacket(network, addr string) (net.PacketConn, error) {
	local, transport, err := h.resolve(network, addr)
	if err == nil && transport != "udp" {
		err = net.UnknownNetworkError(network)
	}
	var c *PacketConn
	if err == nil {
		c, err = h.bindUDP(context.Background(), network, local, netip.AddrPort{})
	}
	if err != nil {
		return nil, opError("listen", network, nil, nil, err)
	}
	return c, nil
}

// bindUDP opens a socket, and connects it if remote is valid.
func (h *Host) bindUDP(ctx context.Context, network string, local, remote netip.AddrPort) (*PacketConn, error) {
	c := &PacketConn{host: h, remote: remote}
	return c, h.lab.do(ctx, &op{host: h, tie: local.String() + remote.String(), try: func() (bool, error) {
		ep, err := h.stack.NewEndpoint(udp.ProtocolNumber, networkOf(local.Addr()), &c.wq)
		if err != nil {
			return true, errno("socket", err)
		}
		if err := ep.Bind(full(local)); err != nil {
			ep.Close()
			return true, errno("bind", err)
		}
		if remote.IsValid() {
			if err := ep.Connect(full(remote)); err != nil {
				ep.Close()
				return true, errno("connect", err)
			}
		}
		bound, _ := ep.GetLocalAddress()
		c.ep, c.serial = ep, h.lab.nextSerial()
		c.local = netip.AddrPortFrom(local.Addr(), bound.Port)
		return true, nil
	}})
}

func (c *PacketConn) call(kind int, name string, deadline *time.Time, to net.Addr, try func() (bool, error)) error {
	err := c.host.lab.do(context.Background(), &op{
		wants: "a datagram", host: c.host, order: c.serial*kinds + kind,
		try: try, deadline: deadline, closed: &c.closed,
	})
	if err == nil {
		return nil
	}
	return opError(name, "udp", c.LocalAddr(), to, err)
}

// ReadFrom implements [net.PacketConn].
func (c *PacketConn) ReadFrom(b []byte) (n int, from net.Addr, err error) {
	err = c.call(kindRead, "read", &c.readBy, c.RemoteAddr(), func() (bool, error) {
		w := tcpip.SliceWriter(b)
		if len(b) == 0 {
			w = make([]byte, 1) // the stack refuses an empty one
		}
		res, err := c.ep.Read(&w, tcpip.ReadOptions{NeedRemoteAddr: true})
		switch err.(type) {
		case nil:
			n = min(res.Count, len(b))
			from = net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(res.RemoteAddr.Addr.String()), res.RemoteAddr.Port))
			return true, nil
		case *tcpip.ErrWouldBlock:
			return false, nil
		default:
			return true, errno("read", err)
		}
	})
	return n, from, err
}

// WriteTo implements [net.PacketConn]. It never waits.
func (c *PacketConn) WriteTo(b []byte, to net.Addr) (n int, err error) {
	udpAddr, ok := to.(*net.UDPAddr)
	if !ok || udpAddr == nil {
		return 0, opError("write", "udp", c.LocalAddr(), to, &net.AddrError{Err: "want a *net.UDPAddr", Addr: fmt.Sprint(to)})
	}
	addr := udpAddr.AddrPort()
	target := full(netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port()))
	return c.write(b, to, tcpip.WriteOptions{To: &target})
}

func (c *PacketConn) write(b []byte, to net.Addr, opts tcpip.WriteOptions) (n int, err error) {
	err = c.call(kindWrite, "write", nil, to, func() (bool, error) {
		m, err := c.ep.Write(bytes.NewReader(b), opts)
		n = int(m)
		if err != nil {
			return true, errno("write", err)
		}
		return true, nil
	})
	return n, err
}

// Read implements [net.Conn] for a socket that was dialed.
func (c *PacketConn) Read(b []byte) (int, error) {
	n, _, err := c.ReadFrom(b)
	return n, err
}

// Write implements [net.Conn] for a socket that was dialed.
func (c *PacketConn) Write(b []byte) (int, error) {
	return c.write(b, c.RemoteAddr(), tcpip.WriteOptions{})
}

// Close implements [net.PacketConn].
func (c *PacketConn) Close() error {
	return c.call(kindClose, "close", nil, nil, func() (bool, error) {
		c.closed = true
		c.ep.Close()
		return true, nil
	})
}

// LocalAddr implements [net.PacketConn].
func (c *PacketConn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.local) }

// RemoteAddr implements [net.Conn]; it is nil unless c was dialed.
func (c *PacketConn) RemoteAddr() net.Addr {
	if !c.remote.IsValid() {
		return nil
	}
	return net.UDPAddrFromAddrPort(c.remote)
}

// SetDeadline implements [net.PacketConn], as for [Conn].
func (c *PacketConn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadDeadline implements [net.PacketConn], as for [Conn].
func (c *PacketConn) SetReadDeadline(t time.Time) error {
	l := c.host.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return opError("set", "udp", c.LocalAddr(), nil, net.ErrClosed)
	}
	c.readBy = t
	l.wake(c.host)
	return nil
}

// SetWriteDeadline implements [net.PacketConn]. A write never waits.
func (c *PacketConn) SetWriteDeadline(time.Time) error { return nil }
