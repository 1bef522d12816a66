package kernel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"sync"

	"example.com/netlessons/netlab/trace"
)

// A host makes calls of package net from its own address of the loopback, and
// records them.
type host struct {
	*recorder
	name string
	addr netip.Addr
	peer *host
}

func (h *host) Listen(network, addr string) (net.Listener, error) {
	local, err := h.resolve(network, addr)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	at := now()
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	ln, err := config.Listen(context.Background(), "tcp4", local.String())
	if err != nil {
		return nil, err
	}
	h.closeLater(ln)
	l := &listener{host: h, Listener: ln, addr: addrPort(ln.Addr())}
	h.record(at, trace.Event{Kind: trace.Call, Host: h.name, Op: "Listen", Local: l.addr})
	h.look()
	return l, nil
}

func (h *host) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	remote, err := h.resolve(network, addr)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	h.settle()
	e := trace.Event{Kind: trace.Call, Host: h.name, Op: "Dial", Detail: addr, Remote: remote}
	h.record(now(), e)
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(h.addr, 0))}
	dialer.SetMultipathTCP(false)
	conn, err := dialer.DialContext(ctx, "tcp4", remote.String())
	e.Kind, e.Err = trace.Return, text(err)
	if err != nil {
		h.record(now(), e)
		return nil, err
	}
	c := h.conn(conn)
	e.Local = c.local
	h.record(now(), e)
	return c, nil
}

// resolve returns the address that addr stands for.
func (h *host) resolve(network, addr string) (netip.AddrPort, error) {
	if network != "tcp" && network != "tcp4" {
		return netip.AddrPort{}, net.UnknownNetworkError(network)
	}
	name, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := strconv.ParseUint(portText, 10, 16)
	if err != nil {
		return netip.AddrPort{}, &net.AddrError{Err: "the port must be a number from 0 to 65535", Addr: addr}
	}
	for _, host := range []*host{h, h.peer} {
		if name == host.name || name == host.addr.String() || name == "" {
			return netip.AddrPortFrom(host.addr, uint16(port)), nil
		}
	}
	return netip.AddrPort{}, &net.DNSError{Err: "no such host; there are client and server", Name: name, IsNotFound: true}
}

type listener struct {
	host *host
	net.Listener
	addr    netip.AddrPort
	closing sync.Once
}

func (ln *listener) Accept() (net.Conn, error) {
	h := ln.host
	h.record(now(), trace.Event{Kind: trace.Call, Host: h.name, Op: "Accept", Local: ln.addr})
	conn, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := h.conn(conn)
	h.record(now(), trace.Event{Kind: trace.Return, Host: h.name, Op: "Accept", Local: c.local, Remote: c.remote})
	return c, nil
}

func (ln *listener) Close() error {
	err := net.ErrClosed
	ln.closing.Do(func() {
		ln.host.settle()
		ln.host.record(now(), trace.Event{Kind: trace.Call, Host: ln.host.name, Op: "Close", Local: ln.addr})
		err = ln.Listener.Close()
		ln.host.look()
	})
	return err
}

// A conn records the calls that the programs of the lessons make. It hides the
// shortcuts of net.TCPConn (ReadFrom, WriteTo), so that io.Copy reads and writes.
type conn struct {
	net.Conn
	host *host
	end
	closing sync.Once
}

func (h *host) conn(c net.Conn) *conn {
	h.closeLater(c)
	return &conn{Conn: c, host: h, end: end{addrPort(c.LocalAddr()), addrPort(c.RemoteAddr())}}
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.record(trace.Return, "Read", fmt.Sprintf("%d bytes", n), err)
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	c.host.settle()
	detail := fmt.Sprintf("%d bytes", len(b))
	c.record(trace.Call, "Write", detail, nil)
	n, err := c.Conn.Write(b)
	c.record(trace.Return, "Write", fmt.Sprintf("%d of %s", n, detail), err)
	return n, err
}

func (c *conn) CloseWrite() error {
	c.host.settle()
	c.record(trace.Call, "CloseWrite", "", nil)
	return c.tcp().CloseWrite()
}

func (c *conn) Close() error {
	err := net.ErrClosed
	c.closing.Do(func() {
		c.host.settle()
		c.record(trace.Call, "Close", "", nil)
		err = c.Conn.Close()
	})
	return err
}

func (c *conn) SetLinger(sec int) error       { return c.tcp().SetLinger(sec) }
func (c *conn) SetNoDelay(noDelay bool) error { return c.tcp().SetNoDelay(noDelay) }
func (c *conn) tcp() *net.TCPConn             { return c.Conn.(*net.TCPConn) }

func (c *conn) record(kind trace.Kind, op, detail string, err error) {
	c.host.record(now(), trace.Event{
		Kind: kind, Host: c.host.name, Local: c.local, Remote: c.remote, Op: op, Detail: detail, Err: text(err),
	})
}

// text returns what the system said, without the addresses around it.
func text(err error) string {
	var op *net.OpError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &op):
		return op.Err.Error()
	}
	return err.Error()
}

func addrPort(a net.Addr) netip.AddrPort { return a.(*net.TCPAddr).AddrPort() }
