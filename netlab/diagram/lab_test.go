package diagram_test

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

// labs are real traces.
var labs = []struct {
	name string
	run  func(*testing.T) *trace.Trace
}{
	{"handshake", handshake},
	{"last ACK lost", lastACKLost},
	{"simultaneous close", simultaneousClose},
	{"fast retransmit", fastRetransmit},
	{"zero window", zeroWindow},
	{"SYN lost", refused},
	{"UDP with every fault", datagrams},
	{"two connections", twoConnections},
	{"three hosts", func(t *testing.T) *trace.Trace { return round(t, 3) }},
	{"eight hosts", func(t *testing.T) *trace.Trace { return round(t, 8) }},
}

func newLab(t *testing.T, opts ...netlab.Option) *netlab.Lab {
	lab := netlab.New(opts...)
	t.Cleanup(lab.Close)
	return lab
}

// pair makes two hosts and a connection between them.
func pair(t *testing.T, lab *netlab.Lab) (client, server *netlab.Conn) {
	c, s := lab.Host("client"), lab.Host("server")
	ln, err := s.Listen("tcp", ":80")
	require.NoError(t, err)
	a, err := c.DialFrom(context.Background(), "tcp", 50000, "server:80")
	require.NoError(t, err)
	b, err := ln.Accept()
	require.NoError(t, err)
	return a.(*netlab.Conn), b.(*netlab.Conn)
}

func handshake(t *testing.T) *trace.Trace {
	lab := newLab(t)
	pair(t, lab)
	return lab.Trace()
}

func lastACKLost(t *testing.T) *trace.Trace {
	lab := newLab(t)
	lab.Fault("last ACK lost", netlab.Nth(3, netlab.All(netlab.From("client"), netlab.Flags(trace.ACK))), netlab.Drop)
	client, server := pair(t, lab)
	lab.Settle()
	lab.Note("the client closes first")
	require.NoError(t, client.CloseWrite())
	_, err := io.ReadAll(server)
	require.NoError(t, err)
	server.Write([]byte("still open"))
	require.NoError(t, server.Close())
	_, err = io.ReadAll(client)
	require.NoError(t, err)
	require.NoError(t, client.Close())
	lab.Advance(2 * time.Minute)
	return lab.Trace()
}

func simultaneousClose(t *testing.T) *trace.Trace {
	lab := newLab(t)
	client, server := pair(t, lab)
	lab.Settle()
	client.CloseWrite()
	server.CloseWrite()
	lab.Advance(2 * time.Minute)
	return lab.Trace()
}

func fastRetransmit(t *testing.T) *trace.Trace {
	lab := newLab(t)
	lab.Fault("2nd segment lost", netlab.Nth(2, netlab.Data), netlab.Drop)
	client, server := pair(t, lab)
	_, err := client.Write(make([]byte, 6*1448))
	require.NoError(t, err)
	_, err = io.ReadFull(server, make([]byte, 6*1448))
	require.NoError(t, err)
	lab.Settle()
	return lab.Trace()
}

func zeroWindow(t *testing.T) *trace.Trace {
	lab := newLab(t, netlab.Buffers(4096, 4096))
	client, server := pair(t, lab)
	lab.After(3*time.Second, func() {
		io.ReadFull(server, make([]byte, 8000))
	})
	_, err := client.Write(make([]byte, 12000))
	require.NoError(t, err)
	lab.Settle()
	return lab.Trace()
}

func refused(t *testing.T) *trace.Trace {
	lab := newLab(t)
	client := lab.Host("client")
	lab.Host("server")
	lab.Fault("SYN lost", netlab.Number(1), netlab.Drop)
	_, err := client.Dial("tcp", "server:80")
	require.Error(t, err)
	return lab.Trace()
}

func datagrams(t *testing.T) *trace.Trace {
	lab := newLab(t)
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("slow", netlab.Number(1), netlab.Delay(15*time.Millisecond))
	lab.Fault("twice", netlab.Number(2), netlab.Duplicate(3*time.Millisecond))
	lab.Fault("bit flipped", netlab.Number(3), netlab.Corrupt)
	lab.Fault("a fault whose name is long enough to take more than a line", netlab.Number(4), netlab.Drop)
	conn, err := server.ListenPacket("udp", ":53")
	require.NoError(t, err)
	c, err := client.Dial("udp", "server:53")
	require.NoError(t, err)
	for i := range 5 {
		_, err = c.Write(bytes.Repeat([]byte("x"), i))
		require.NoError(t, err)
	}
	lab.Settle()
	conn.Close()
	c.Write([]byte("anybody there?"))
	lab.Settle()
	return lab.Trace()
}

func twoConnections(t *testing.T) *trace.Trace {
	lab := newLab(t)
	client, server := lab.Host("client"), lab.Host("server")
	ln, err := server.Listen("tcp", ":80")
	require.NoError(t, err)
	for i := range 2 {
		c, err := client.DialFrom(context.Background(), "tcp", uint16(50000+i), "server:80")
		require.NoError(t, err)
		s, err := ln.Accept()
		require.NoError(t, err)
		require.NoError(t, c.(*netlab.Conn).SetLinger(0))
		require.NoError(t, c.Close())
		lab.Settle()
		s.Close()
	}
	require.NoError(t, ln.Close())
	return lab.Trace()
}

// round lets each host connect to the next.
func round(t *testing.T, n int) *trace.Trace {
	lab := newLab(t)
	var hosts []*netlab.Host
	for i := range n {
		hosts = append(hosts, lab.Host(string(rune('a'+i))))
	}
	for i, h := range hosts {
		next := hosts[(i+1)%n]
		_, err := next.Listen("tcp", ":80")
		require.NoError(t, err)
		_, err = h.Dial("tcp", next.Name()+":80")
		require.NoError(t, err)
	}
	lab.Settle()
	return lab.Trace()
}

// lossy sends a file over a bad wire.
func lossy(t *testing.T, seed uint64, names [2]string) *trace.Trace {
	lab := newLab(t, netlab.Seed(seed))
	lab.Fault("雨 loss", lab.Chance(0.1), netlab.Drop)
	lab.Fault("jitter", lab.Chance(0.3), lab.Jitter(30*time.Millisecond))
	lab.Fault("twice", lab.Chance(0.1), netlab.Duplicate(25*time.Millisecond))
	client, server := lab.Host(names[0]), lab.Host(names[1])
	ln, err := server.Listen("tcp", ":80")
	require.NoError(t, err)
	conn, err := client.Dial("tcp", names[1]+":80")
	require.NoError(t, err)
	defer conn.Close()
	in, err := ln.Accept()
	require.NoError(t, err)
	defer in.Close()
	for i := range 5 {
		lab.Note("part %d 第%d部分", i, i)
		_, err = conn.Write(make([]byte, 20_000))
		require.NoError(t, err)
		_, err = io.ReadFull(in, make([]byte, 20_000))
		require.NoError(t, err)
	}
	return lab.Trace()
}
