// Package cable is for tests: a connection to a server that can be pulled out
// and plugged in again.
package cable

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Cable listens on Addr and passes everything on to a server.
type Cable struct {
	Addr   string
	server string

	mu      sync.Mutex
	pulled  bool
	frozen  bool
	conns   map[net.Conn]bool
	running sync.WaitGroup
}

// New returns a cable to the server at an address. The end of the test pulls it.
func New(t testing.TB, server string) *Cable {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &Cable{Addr: ln.Addr().String(), server: server, conns: map[net.Conn]bool{}}
	c.running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.running.Go(func() { c.connect(conn) })
		}
	})
	t.Cleanup(func() { ln.Close(); c.Pull(); c.running.Wait() })
	return c
}

// Pull cuts every connection, and each new one at once, until PlugIn.
func (c *Cable) Pull() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulled = true
	for conn := range c.conns {
		conn.Close()
	}
	clear(c.conns)
}

// Freeze lets everything vanish on its way until PlugIn; neither end is told.
func (c *Cable) Freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = true
}

// PlugIn lets new connections through. Old ones that lost something are cut.
func (c *Cable) PlugIn() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frozen {
		for conn := range c.conns {
			conn.Close()
		}
		clear(c.conns)
	}
	c.pulled, c.frozen = false, false
}

func (c *Cable) connect(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	defer server.Close()
	if !c.add(client, server) {
		return
	}
	var there sync.WaitGroup
	there.Go(func() { c.pass(server, client) })
	c.pass(client, server)
	there.Wait()
}

// pass carries bytes until one of the two is closed, and closes the other.
func (c *Cable) pass(to, from net.Conn) {
	defer to.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		c.mu.Lock()
		frozen := c.frozen
		c.mu.Unlock()
		if n > 0 && !frozen {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// add is false if the cable is pulled.
func (c *Cable) add(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range conns {
		c.conns[conn] = true
	}
	return !c.pulled
}
