package netlab

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"

	"example.com/netlessons/netlab/trace"
)

// The kinds of calls on one connection, in the order in which they go when
// they are made at the same time.
const (
	kindRead = iota
	kindWrite
	kindClose
	kinds
)

// A Conn is one end of a TCP connection. It is a [net.Conn] with the further
// methods of a [net.TCPConn].
type Conn struct {
	host          *Host
	ep            tcpip.Endpoint
	wq            *waiter.Queue
	local, remote netip.AddrPort
	serial        int

	closed          bool
	readBy, writeBy time.Time
}

var _ interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetLinger(sec int) error
	SetNoDelay(bool) error
} = (*Conn)(nil)

// open completes c once it is connected.
func (c *Conn) open() {
	local, _ := c.ep.GetLocalAddress()
	c.local = netip.AddrPortFrom(c.host.localFor(c.remote.Addr()), local.Port)
	c.serial = c.host.lab.nextSerial()
}

// endNow returns the end of c, also while it is connecting.
func (c *Conn) endNow() end {
	if c.local.IsValid() || c.ep == nil {
		return end{c.local, c.remote}
	}
	local, err := c.ep.GetLocalAddress()
	if err != nil || local.Port == 0 {
		return end{}
	}
	return end{netip.AddrPortFrom(c.host.localFor(c.remote.Addr()), local.Port), c.remote}
}

// call makes a call on c whose try may wait until the deadline.
func (c *Conn) call(kind int, name string, deadline *time.Time, try func() (bool, error), more ...func(*op)) error {
	o := &op{
		wants: [kinds]string{"data", "room in the send buffer"}[kind], host: c.host, order: c.serial*kinds + kind,
		try: try, deadline: deadline, end: c.endNow, closed: &c.closed,
	}
	for _, f := range more {
		f(o)
	}
	err := c.host.lab.do(context.Background(), o)
	if err == nil || err == io.EOF {
		return err
	}
	return opError(name, "tcp", c.LocalAddr(), c.RemoteAddr(), err)
}

// event is what c adds to the trace.
func (c *Conn) event(kind trace.Kind, op, detail string, err error) {
	e := trace.Event{Kind: kind, Host: c.host.name, Local: c.local, Remote: c.remote, Op: op, Detail: detail}
	if err != nil {
		e.Err = err.Error()
	}
	c.host.lab.record(e)
}

// Read implements [net.Conn].
func (c *Conn) Read(b []byte) (n int, err error) {
	err = c.call(kindRead, "read", &c.readBy, func() (bool, error) {
		if len(b) == 0 {
			return true, nil
		}
		w := tcpip.SliceWriter(b)
		res, err := c.ep.Read(&w, tcpip.ReadOptions{})
		switch err.(type) {
		case nil:
			n = res.Count
			return true, nil
		case *tcpip.ErrWouldBlock:
			return false, nil
		case *tcpip.ErrClosedForReceive:
			return true, io.EOF
		default:
			return true, errno("read", err)
		}
	}, func(o *op) {
		o.ended = func(err error) { c.event(trace.Return, "Read", fmt.Sprintf("%d bytes", n), err) }
	})
	return n, err
}

// Write implements [net.Conn]. It waits while the send buffer is full.
func (c *Conn) Write(b []byte) (n int, err error) {
	detail := fmt.Sprintf("%d bytes", len(b))
	begun := false
	err = c.call(kindWrite, "write", &c.writeBy, func() (bool, error) {
		if !begun {
			begun = true
			c.event(trace.Call, "Write", detail, nil)
		}
		for n < len(b) {
			m, err := c.ep.Write(bytes.NewReader(b[n:]), tcpip.WriteOptions{})
			n += int(m)
			if _, full := err.(*tcpip.ErrWouldBlock); full {
				return false, nil
			}
			if err != nil {
				return true, errno("write", err)
			}
		}
		return true, nil
	}, func(o *op) {
		o.waited = func() { c.event(trace.Block, "Write", detail, nil) }
		o.ended = func(err error) { c.event(trace.Return, "Write", fmt.Sprintf("%d of %s", n, detail), err) }
	})
	return n, err
}

// Close implements [net.Conn]. What was written is still sent, unless
// [Conn.SetLinger] says otherwise; data that was not read makes it a reset.
func (c *Conn) Close() error {
	return c.call(kindClose, "close", nil, func() (bool, error) {
		c.closed = true
		c.event(trace.Call, "Close", "", nil)
		c.ep.Close()
		return true, nil
	})
}

// CloseWrite sends a FIN after what was written; receiving goes on.
func (c *Conn) CloseWrite() error { return c.shutdown("CloseWrite", tcpip.ShutdownWrite) }

// CloseRead ends receiving; nothing is sent.
func (c *Conn) CloseRead() error { return c.shutdown("CloseRead", tcpip.ShutdownRead) }

func (c *Conn) shutdown(name string, how tcpip.ShutdownFlags) error {
	return c.call(kindClose, "close", nil, func() (bool, error) {
		c.event(trace.Call, name, "", nil)
		if err := c.ep.Shutdown(how); err != nil {
			return true, errno("shutdown", err)
		}
		return true, nil
	})
}

// SetLinger sets what Close does with data that is not acknowledged: below 0,
// the default, it is sent; with 0 the connection is reset instead.
func (c *Conn) SetLinger(sec int) error {
	return c.call(kindClose, "set", nil, func() (bool, error) {
		c.ep.SocketOptions().SetLinger(tcpip.LingerOption{Enabled: sec >= 0, Timeout: time.Duration(max(sec, 0)) * time.Second})
		return true, nil
	})
}

// SetNoDelay turns Nagle's algorithm off, or on.
func (c *Conn) SetNoDelay(noDelay bool) error {
	return c.call(kindClose, "set", nil, func() (bool, error) {
		c.ep.SocketOptions().SetDelayOption(!noDelay)
		return true, nil
	})
}

// LocalAddr implements [net.Conn].
func (c *Conn) LocalAddr() net.Addr { return net.TCPAddrFromAddrPort(c.local) }

// RemoteAddr implements [net.Conn].
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

// SetDeadline implements [net.Conn]. In a script, t counts as [Lab.Now] does; in
// a live lab as time.Now.
func (c *Conn) SetDeadline(t time.Time) error { return c.setDeadlines(&t, &t) }

// SetReadDeadline implements [net.Conn], in the time of SetDeadline.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(&t, nil) }

// SetWriteDeadline implements [net.Conn], in the time of SetDeadline.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(nil, &t) }

func (c *Conn) setDeadlines(read, write *time.Time) error {
	l := c.host.lab
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.closed {
		return opError("set", "tcp", c.LocalAddr(), c.RemoteAddr(), net.ErrClosed)
	}
	if read != nil {
		c.readBy = *read
	}
	if write != nil {
		c.writeBy = *write
	}
	l.wake(c.host)
	return nil
}
