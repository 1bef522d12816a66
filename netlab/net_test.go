package netlab_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/netlabtest"
	"example.com/netlessons/netlab/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestErrorsAreThoseOfTheNetPackage(t *testing.T) {
	for _, tt := range []struct {
		name string
		fail func(lab *netlab.Lab, a, b *netlab.Host) error
		want error
		text string
	}{
		{"nobody listens", func(_ *netlab.Lab, a, _ *netlab.Host) error {
			_, err := a.Dial("tcp", "b:81")
			return err
		}, syscall.ECONNREFUSED, "dial tcp 10.0.0.2:81: connect: connection refused"},
		{"nobody listens for datagrams", func(_ *netlab.Lab, a, _ *netlab.Host) error {
			c := must(a.Dial("udp", "b:53"))
			must(c.Write([]byte("?")))
			_, err := c.Read(make([]byte, 1))
			return err
		}, syscall.ECONNREFUSED, "connection refused"},
		{"the other end resets", func(lab *netlab.Lab, a, b *netlab.Host) error {
			ca, cb, _ := connected(t, lab, a, b)
			cb.SetLinger(0)
			cb.Close()
			_, err := ca.Read(make([]byte, 1))
			return err
		}, syscall.ECONNRESET, "connection reset by peer"},
		{"a read deadline passes", func(lab *netlab.Lab, a, b *netlab.Host) error {
			ca, _, _ := connected(t, lab, a, b)
			ca.SetReadDeadline(lab.Now().Add(time.Second))
			_, err := ca.Read(make([]byte, 1))
			return err
		}, os.ErrDeadlineExceeded, "i/o timeout"},
		{"a write deadline passes", func(lab *netlab.Lab, a, b *netlab.Host) error {
			ca, _, _ := connected(t, lab, a, b)
			ca.SetWriteDeadline(lab.Now().Add(time.Second))
			_, err := ca.Write(make([]byte, 8<<20))
			return err
		}, os.ErrDeadlineExceeded, "i/o timeout"},
		{"a datagram's deadline passes", func(lab *netlab.Lab, a, _ *netlab.Host) error {
			c := must(a.ListenPacket("udp", ":53"))
			c.SetReadDeadline(lab.Now().Add(time.Second))
			_, _, err := c.ReadFrom(make([]byte, 1))
			return err
		}, os.ErrDeadlineExceeded, "i/o timeout"},
		{"this end is closed", func(lab *netlab.Lab, a, b *netlab.Host) error {
			ca, _, _ := connected(t, lab, a, b)
			ca.Close()
			_, err := ca.Read(make([]byte, 1))
			return err
		}, net.ErrClosed, "use of closed network connection"},
		{"the listener is closed", func(_ *netlab.Lab, _, b *netlab.Host) error {
			ln := must(b.Listen("tcp", ":80"))
			ln.Close()
			_, err := ln.Accept()
			return err
		}, net.ErrClosed, "use of closed network connection"},
		{"the sending side is closed", func(lab *netlab.Lab, a, b *netlab.Host) error {
			ca, _, _ := connected(t, lab, a, b)
			ca.CloseWrite()
			_, err := ca.Write([]byte("x"))
			return err
		}, syscall.EPIPE, "broken pipe"},
		{"the port is in use", func(_ *netlab.Lab, _, b *netlab.Host) error {
			must(b.Listen("tcp", ":80"))
			_, err := b.Listen("tcp", ":80")
			return err
		}, syscall.EADDRINUSE, "listen tcp 10.0.0.2:80: bind: address already in use"},
		{"no SYN is ever answered", func(lab *netlab.Lab, a, _ *netlab.Host) error {
			lab.Fault("partition", netlab.Any, netlab.Drop)
			_, err := a.Dial("tcp", "b:80")
			return err
		}, syscall.ETIMEDOUT, "connection timed out"},
		{"a context has ended", func(_ *netlab.Lab, a, _ *netlab.Host) error {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			_, err := a.DialContext(ctx, "tcp", "10.0.0.99:80")
			return err
		}, context.Canceled, "context canceled"},
		{"nothing can happen any more", func(_ *netlab.Lab, _, b *netlab.Host) error {
			_, err := must(b.Listen("tcp", ":80")).Accept()
			return err
		}, netlab.ErrStuck, "accept tcp 10.0.0.2:80: waits for a connection, but nothing can happen any more"},
		{"the lab is closed", func(lab *netlab.Lab, a, _ *netlab.Host) error {
			lab.Close()
			_, err := a.Dial("tcp", "b:80")
			return err
		}, net.ErrClosed, "use of closed network connection"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab, a, b := twoHosts(t)
			err := tt.fail(lab, a, b)
			require.ErrorIs(t, err, tt.want)
			require.ErrorContains(t, err, tt.text)
			var op *net.OpError
			require.ErrorAs(t, err, &op)
		})
	}
}

func TestAddressesThatAreNone(t *testing.T) {
	_, a, _ := twoHosts(t)
	for _, tt := range []struct{ network, addr, text string }{
		{"tcp", "nobody:80", "no such host in the lab"},
		{"tcp", "b", "missing port in address"},
		{"tcp", "b:http", "the port must be a number"},
		{"sctp", "b:80", "unknown network sctp"},
		{"tcp6", "b:80", "give the lab the option IPv6"},
	} {
		_, err := a.Dial(tt.network, tt.addr)
		require.ErrorContains(t, err, tt.text, "%s %s", tt.network, tt.addr)
	}
	_, err := a.Listen("udp", ":80")
	require.ErrorContains(t, err, "unknown network udp")
	_, err = a.ListenPacket("tcp", ":80")
	require.ErrorContains(t, err, "unknown network tcp")
}

func TestIPv6(t *testing.T) {
	lab, a, b := twoHosts(t, netlab.IPv6())
	ln := must(b.Listen("tcp", ":80"))
	c := must(a.Dial("tcp", "b:80"))
	s := must(ln.Accept())
	must(io.WriteString(c, "hello"))
	buf := make([]byte, 5)
	must(io.ReadFull(s, buf))
	require.Equal(t, "hello", string(buf))
	require.Equal(t, "[fd00::2]:80", c.RemoteAddr().String())
	require.Equal(t, c.LocalAddr().String(), s.RemoteAddr().String())

	b.Listen("tcp4", ":80")
	c4 := must(a.Dial("tcp4", "b:80"))
	require.Equal(t, "10.0.0.2:80", c4.RemoteAddr().String())
	lab.Settle()
	for _, p := range lab.Trace().Packets {
		require.Equal(t, "tcp", p.Protocol, "nothing but our connections is on the wire: %+v", p)
	}
}

func TestOptionsReachTheStack(t *testing.T) {
	for _, tt := range []struct {
		name  string
		opts  []netlab.Option
		check func(t *testing.T, tr *trace.Trace)
	}{
		{"latency", []netlab.Option{netlab.Latency(3 * time.Millisecond)}, func(t *testing.T, tr *trace.Trace) {
			require.Equal(t, 6*time.Millisecond, returned(tr, "Dial").At)
		}},
		{"MTU", []netlab.Option{netlab.MTU(576)}, func(t *testing.T, tr *trace.Trace) {
			longest := 0
			for _, p := range tr.Packets {
				longest = max(longest, len(p.Bytes))
			}
			require.InDelta(t, 576, longest, 40, "there is room for options")
		}},
		{"MSL", []netlab.Option{netlab.MSL(time.Second)}, func(t *testing.T, tr *trace.Trace) {
			require.Equal(t, 2*time.Second, timeWait(tr))
		}},
		{"receive buffer", []netlab.Option{netlab.Buffers(1<<20, 8192)}, func(t *testing.T, tr *trace.Trace) {
			for _, p := range tr.Packets {
				require.LessOrEqual(t, p.Window, 8192)
			}
		}},
		{"Nagle: the second small segment waits for the ACK of the first", []netlab.Option{netlab.Nagle(true)}, func(t *testing.T, tr *trace.Trace) {
			require.Equal(t, 20*time.Millisecond, smallGap(tr))
		}},
		{"no Nagle: it does not", nil, func(t *testing.T, tr *trace.Trace) { require.Zero(t, smallGap(tr)) }},
		{"SACK is offered", nil, func(t *testing.T, tr *trace.Trace) { require.True(t, offersSACK(tr)) }},
		{"no SACK is offered", []netlab.Option{netlab.SACK(false)}, func(t *testing.T, tr *trace.Trace) { require.False(t, offersSACK(tr)) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab, a, b := twoHosts(t, tt.opts...)
			ca, cb, _ := connected(t, lab, a, b)
			must(ca.Write([]byte("1")))
			must(ca.Write([]byte("2")))
			lab.Settle()
			must(ca.Write(make([]byte, 4000)))
			require.NoError(t, ca.Close())
			must(io.ReadAll(cb))
			require.NoError(t, cb.Close())
			lab.Advance(10 * time.Minute)
			tt.check(t, lab.Trace())
		})
	}
}

func TestRenoAndCUBICGoDifferentWays(t *testing.T) {
	send := func(congestion netlab.Option) string {
		lab, a, b := twoHosts(t, congestion)
		lab.Fault("loss", lab.Chance(0.02), netlab.Drop)
		ca, cb, _ := connected(t, lab, a, b)
		must(ca.Write(make([]byte, 1<<20)))
		must(io.ReadFull(cb, make([]byte, 1<<20)))
		return hash(t, lab.Trace())
	}
	require.NotEqual(t, send(netlab.CUBIC()), send(netlab.Reno()))
}

func TestAWriteThatNobodyReadsEndsAfterADayOfProbes(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, _, _ := connected(t, lab, a, b)
	_, err := ca.Write(make([]byte, 8<<20))
	require.ErrorIs(t, err, netlab.ErrStuck)
	require.ErrorContains(t, err, "waits for room in the send buffer, and in 24h0m0s none has come")
}

func TestAHostMayDialItself(t *testing.T) {
	lab, a, _ := twoHosts(t)
	ca, cb, _ := selfConnected(t, lab, a)
	must(io.WriteString(ca, "hello"))
	must(io.ReadFull(cb, make([]byte, 5)))
	require.NotEmpty(t, lab.Trace().Packets, "over the wire, as to any other")
}

func TestPortsInTimeWaitAreReusedWithEveryState(t *testing.T) {
	lab, a, b := twoHosts(t)
	ln := must(b.Listen("tcp", ":80"))
	for range 2 { // b closes first: its end is in TIME-WAIT when a dials again
		ca := must(a.DialFrom(t.Context(), "tcp", 5000, "b:80"))
		cb := must(ln.Accept())
		require.NoError(t, cb.Close())
		must(io.ReadAll(ca))
		require.NoError(t, ca.Close())
		lab.Settle()
	}
	var states []string
	for _, e := range lab.Trace().Events {
		if e.Kind == trace.State && e.Host == "b" && e.Remote.IsValid() {
			states = append(states, e.To)
		}
	}
	once := []string{"SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT"}
	require.Equal(t, slices.Concat(once, []string{"CLOSED"}, once), states)
}

func TestADeadlineFarAwayIsNone(t *testing.T) {
	lab, a, b := twoHosts(t)
	netlabtest.Run(t, lab, func(t *testing.T) {
		ln := must(b.Listen("tcp", ":80"))
		defer ln.Close()
		c := must(a.Dial("tcp", "b:80"))
		require.NoError(t, c.SetReadDeadline(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))
		time.AfterFunc(time.Second, func() { c.Close() })
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func TestRTOBounds(t *testing.T) {
	lab, a, b := twoHosts(t, netlab.RTO(time.Second, 2*time.Second), netlab.RACK(false))
	ca, cb, mark := connected(t, lab, a, b)
	lab.Fault("lose four", func() netlab.Match {
		n := 0
		return func(p *trace.Packet) bool { n++; return p.Length > 0 && n <= 4 }
	}(), netlab.Drop)
	must(io.WriteString(ca, "hello"))
	must(io.ReadFull(cb, make([]byte, 5)))
	var at []time.Duration
	for _, e := range lab.Trace().Events {
		if e.Kind == trace.Send && e.Packet > mark && e.Host == "a" {
			at = append(at, e.At)
		}
	}
	var gaps []time.Duration
	for i := range at[1:] {
		gaps = append(gaps, at[i+1]-at[i])
	}
	require.Len(t, gaps, 4)
	require.GreaterOrEqual(t, gaps[0], time.Second)
	require.Equal(t, []time.Duration{2 * time.Second, 2 * time.Second, 2 * time.Second}, gaps[1:])
}

func TestAFullBacklogLetsNoMoreConnectionsIn(t *testing.T) {
	lab := netlab.New()
	defer lab.Close()
	server := lab.Host("server", netlab.Backlog(1))
	client := lab.Host("client")
	ln := must(server.Listen("tcp", ":80"))
	var waiting []net.Conn
	for {
		ctx, cancel := context.WithCancel(context.Background())
		lab.After(10*time.Second, cancel)
		c, err := client.DialContext(ctx, "tcp", "server:80")
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			break
		}
		waiting = append(waiting, c)
		require.Less(t, len(waiting), 10)
	}
	require.NotEmpty(t, waiting)
	must(ln.Accept())
	must(client.Dial("tcp", "server:80"))
}

func TestALiveLabsTimeIsThatOfTheBubble(t *testing.T) {
	lab, a, b := twoHosts(t)
	netlabtest.Run(t, lab, func(t *testing.T) {
		ln := must(b.Listen("tcp", ":80"))
		defer ln.Close()
		start := time.Now()
		c := must(a.Dial("tcp", "b:80"))
		defer c.Close()
		require.Equal(t, 20*time.Millisecond, time.Since(start), "one round trip")
		require.WithinDuration(t, time.Now(), lab.Now(), 0)

		require.NoError(t, c.SetReadDeadline(time.Now().Add(3*time.Second)))
		_, err := c.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, 3020*time.Millisecond, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = a.DialContext(ctx, "tcp", "10.0.0.99:80")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 4020*time.Millisecond, time.Since(start))
	})
}

func TestALiveLabCanBeSlowedDown(t *testing.T) {
	lab, a, b := twoHosts(t)
	synctest.Test(t, func(t *testing.T) {
		stop := lab.LiveAt(0.5, synctest.Wait)
		defer stop()
		start := time.Now()
		must(b.Listen("tcp", ":80"))
		must(a.Dial("tcp", "b:80"))
		require.Equal(t, 40*time.Millisecond, time.Since(start), "a round trip of 20 ms, at half the speed")
		require.Equal(t, 20*time.Millisecond, lab.Elapsed())
	})
}

func TestCloseReadEndsReadingAlone(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, cb, mark := connected(t, lab, a, b)
	require.NoError(t, ca.CloseRead())
	_, err := ca.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	must(io.WriteString(ca, "still sent"))
	must(io.ReadFull(cb, make([]byte, 10)))
	require.Equal(t, "a", lab.Trace().Packets[mark].From, "nothing was sent for CloseRead")
	require.Equal(t, 10, lab.Trace().Packets[mark].Length)
}

// The package page begins with a complete program.
func TestTheProgramOfThePackagePageRuns(t *testing.T) {
	page, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	_, code, ok := strings.Cut(string(page), "//\tpackage main\n")
	require.True(t, ok)
	code, _, ok = strings.Cut("//\tpackage main\n"+code, "\n// # ")
	require.True(t, ok)
	var program strings.Builder
	for line := range strings.Lines(code) {
		program.WriteString(strings.TrimPrefix(strings.TrimPrefix(line, "//"), "\t"))
	}
	file := filepath.Join(t.TempDir(), "main.go")
	require.NoError(t, os.WriteFile(file, []byte(program.String()), 0o644))
	out, err := exec.Command("go", "run", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "✗ lose the SYN")
	require.Contains(t, string(out), "again SYN seq=0")
}

func TestTheEndOfALiveLabWakesWhatWaits(t *testing.T) {
	lab, a, b := twoHosts(t)
	ln := must(b.Listen("tcp", ":80"))
	c := must(a.Dial("tcp", "b:80"))
	stop := lab.Live(nil)
	var wg sync.WaitGroup
	errs := make(chan error, 2)
	wg.Go(func() { _, err := c.Read(make([]byte, 1)); errs <- err })
	wg.Go(func() {
		for {
			if _, err := ln.Accept(); err != nil {
				errs <- err
				return
			}
		}
	})
	stop()
	stop()
	wg.Wait()
	for range 2 {
		if err := <-errs; !errors.Is(err, net.ErrClosed) && !errors.Is(err, netlab.ErrStuck) {
			t.Errorf("got %v", err)
		}
	}
}

func TestAClosedLabGivesItsMemoryBack(t *testing.T) {
	for _, tt := range []struct {
		name string
		run  func()
	}{
		{"after a script", func() { script(t, 1) }},
		{"after a live lab in a test", func() { copyLossy(t, 1) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.run()
			before, goroutines := heap(), runtime.NumGoroutine()
			for range 10 {
				tt.run()
			}
			require.Less(t, heap()-before, int64(2<<20), "each lab had megabytes on its wire")
			require.LessOrEqual(t, runtime.NumGoroutine(), goroutines)
		})
	}
}

// selfConnected is connected for one host.
func selfConnected(t *testing.T, lab *netlab.Lab, a *netlab.Host) (ca, cb net.Conn, packets int) {
	t.Helper()
	ln := must(a.Listen("tcp", ":80"))
	ca = must(a.Dial("tcp", "a:80"))
	return ca, must(ln.Accept()), len(lab.Trace().Packets)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func returned(tr *trace.Trace, op string) trace.Event {
	for _, e := range tr.Events {
		if e.Kind == trace.Return && e.Op == op {
			return e
		}
	}
	return trace.Event{}
}

// timeWait returns how long an end was in TIME-WAIT.
func timeWait(tr *trace.Trace) time.Duration {
	var start time.Duration
	for _, e := range tr.Events {
		if e.To == "TIME-WAIT" {
			start = e.At
		}
		if e.From == "TIME-WAIT" {
			return e.At - start
		}
	}
	return -1
}

// smallGap returns the time between the first two segments with data.
func smallGap(tr *trace.Trace) time.Duration {
	var at []time.Duration
	for _, e := range tr.Events {
		if p := tr.PacketOf(e); e.Kind == trace.Send && p.Length > 0 {
			at = append(at, e.At)
		}
	}
	return at[1] - at[0]
}

// offersSACK tells whether the SYN has the option "SACK permitted" (kind 4, length 2).
func offersSACK(tr *trace.Trace) bool {
	options := tr.Packets[0].Bytes[20+20:]
	for i := 0; i < len(options)-1; {
		switch options[i] {
		case 0, 1:
			i++
		case 4:
			return true
		default:
			i += int(options[i+1])
		}
	}
	return false
}
