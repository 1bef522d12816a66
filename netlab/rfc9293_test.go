package netlab_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

// The figures of RFC 9293, line by line. A is the left peer and B the right
// one. A line is a packet, in the order of sending: the sender's state after
// it has sent, the segment, and the receiver's state after it has come. A's
// sequence numbers begin at 100 and B's at 300, as in the figures.

func TestFigure6BasicThreeWayHandshake(t *testing.T) {
	lab, a, b := twoHosts(t)
	ln := must(b.Listen("tcp", ":80"))
	conn := must(a.Dial("tcp", "b:80"))
	must(io.WriteString(conn, "data"))
	must(ln.Accept())
	lab.Settle()
	want := []string{
		"A SYN-SENT     --> <SEQ=100><CTL=SYN>                 --> SYN-RECEIVED",
		"B SYN-RECEIVED --> <SEQ=300><ACK=101><CTL=SYN,ACK>    --> ESTABLISHED",
		"A ESTABLISHED  --> <SEQ=101><ACK=301><CTL=ACK>        --> ESTABLISHED",
		"A ESTABLISHED  --> <SEQ=101><ACK=301><CTL=ACK><4>     --> ESTABLISHED",
		"B ESTABLISHED  --> <SEQ=301><ACK=105><CTL=ACK>        --> ESTABLISHED",
	}
	requireFigure(t, want, lab.Trace())
}

func TestFigure7SimultaneousConnectionSynchronization(t *testing.T) {
	lab, a, b := twoHosts(t)
	lab.After(0, func() { must(b.DialFrom(context.Background(), "tcp", 5000, "a:5000")) })
	must(a.DialFrom(context.Background(), "tcp", 5000, "b:5000"))
	lab.Settle()
	want := []string{
		"A SYN-SENT     --> <SEQ=100><CTL=SYN>                 --> SYN-RECEIVED",
		"B SYN-SENT     --> <SEQ=300><CTL=SYN>                 --> SYN-RECEIVED",
		// In the figure both are ESTABLISHED when these two have come. This stack
		// takes them for a further SYN, and waits for an ACK without one.
		"B SYN-RECEIVED --> <SEQ=300><ACK=101><CTL=SYN,ACK>    --> SYN-RECEIVED",
		"A SYN-RECEIVED --> <SEQ=100><ACK=301><CTL=SYN,ACK>    --> SYN-RECEIVED",
		"A SYN-RECEIVED --> <SEQ=101><ACK=301><CTL=ACK>        --> ESTABLISHED",
		"B SYN-RECEIVED --> <SEQ=301><ACK=101><CTL=ACK>        --> ESTABLISHED",
	}
	requireFigure(t, want, lab.Trace())
}

// In figures 8 to 10 an end meets what belongs to an earlier connection, so the
// numbers are those of two connections; the lines leave them out. This stack
// sends a SYN that was answered wrongly again within microseconds, and often:
// SYNs that are sent again are left out too.

func TestFigure8RecoveryFromOldDuplicateSYN(t *testing.T) {
	lab, a, b := twoHosts(t)
	ln := must(b.Listen("tcp", ":80"))
	lab.Fault("an old duplicate", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Delay(90*time.Millisecond))
	lab.Fault("comes after it", netlab.Nth(2, netlab.Flags(trace.SYN)), netlab.Drop)
	ctx, cancel := context.WithCancel(context.Background())
	lab.After(10*time.Millisecond, cancel)
	_, err := a.DialFrom(ctx, "tcp", 5000, "b:80")
	require.ErrorIs(t, err, context.Canceled)

	must(a.DialFrom(context.Background(), "tcp", 5000, "b:80"))
	must(ln.Accept())
	requireFigure(t, []string{
		"A SYN-SENT     --> SYN      --> SYN-RECEIVED", // the old duplicate; A has given up
		"A SYN-SENT     --> SYN      --> lost: comes after it",
		"B SYN-RECEIVED --> SYN,ACK  --> SYN-SENT",
		"A SYN-SENT     --> RST      --> CLOSED", // the figure has LISTEN: here the listener is an end of its own
		"B SYN-RECEIVED --> SYN,ACK  --> ESTABLISHED",
		"B SYN-RECEIVED --> ACK      --> ESTABLISHED", // to a SYN that came again
		"A ESTABLISHED  --> ACK      --> ESTABLISHED",
	}, bare(lab.Trace(), 0))
}

func TestFigure9HalfOpenConnectionDiscovery(t *testing.T) {
	lab, a, b := twoHosts(t)
	ln := must(b.Listen("tcp", ":80"))
	ca := must(a.DialFrom(context.Background(), "tcp", 5000, "b:80")).(*netlab.Conn)
	cb := must(ln.Accept())
	mark := len(lab.Trace().Packets)
	crash(t, lab, "a", ca)

	must(a.DialFrom(context.Background(), "tcp", 5000, "b:80"))
	_, err := cb.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET, "B learns that its connection is gone")
	lab.Settle()
	requireFigure(t, []string{
		"A CLOSED       --> RST,ACK  --> lost: a crashes",
		"A SYN-SENT     --> SYN      --> ESTABLISHED",
		"B ESTABLISHED  --> ACK      --> SYN-SENT",
		"A SYN-SENT     --> RST      --> CLOSED",
		"B SYN-RECEIVED --> SYN,ACK  --> ESTABLISHED", // beyond the figure: the new connection
		"B SYN-RECEIVED --> ACK      --> ESTABLISHED",
		"A ESTABLISHED  --> ACK      --> ESTABLISHED",
	}, bare(lab.Trace(), mark))
}

func TestFigure10ActiveSideCausesHalfOpenConnectionDiscovery(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, cb, mark := connected(t, lab, a, b)
	crash(t, lab, "a", ca)
	must(io.WriteString(cb, "0123456789"))
	_, err := cb.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	requireFigure(t, []string{
		"A CLOSED       --> <SEQ=100><ACK=300><CTL=RST,ACK>    --> lost: a crashes",
		"B ESTABLISHED  --> <SEQ=300><ACK=100><CTL=ACK><10>    --> CLOSED",
		"A CLOSED       --> <SEQ=100><CTL=RST>                 --> CLOSED",
	}, after(lab.Trace(), mark))
}

// crash lets a host forget a connection without the other end hearing of it.
func crash(t *testing.T, lab *netlab.Lab, host string, conn *netlab.Conn) {
	t.Helper()
	silent := lab.Fault(host+" crashes", netlab.From(host), netlab.Drop)
	require.NoError(t, conn.SetLinger(0))
	require.NoError(t, conn.Close())
	silent.Off()
}

func TestFigure12NormalCloseSequence(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, cb, mark := connected(t, lab, a, b)
	require.NoError(t, ca.Close())
	lab.Settle()
	require.NoError(t, cb.Close())
	lab.Settle()
	before := lab.Elapsed()
	lab.Advance(time.Hour)
	want := []string{
		"A FIN-WAIT-1   --> <SEQ=100><ACK=300><CTL=FIN,ACK>    --> CLOSE-WAIT",
		"B CLOSE-WAIT   --> <SEQ=300><ACK=101><CTL=ACK>        --> FIN-WAIT-2",
		"B LAST-ACK     --> <SEQ=300><ACK=101><CTL=FIN,ACK>    --> TIME-WAIT",
		"A TIME-WAIT    --> <SEQ=101><ACK=301><CTL=ACK>        --> CLOSED",
	}
	requireFigure(t, want, after(lab.Trace(), mark))

	// Line 6 of the figure: 2 MSL, then CLOSED.
	e := lab.Trace().Events
	last := e[len(e)-1]
	require.Equal(t, [2]string{"TIME-WAIT", "CLOSED"}, [2]string{last.From, last.To})
	require.Equal(t, 2*30*time.Second, last.At-before+10*time.Millisecond, "from the moment at which A sent the last ACK")
}

func TestFigure13SimultaneousCloseSequence(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, cb, mark := connected(t, lab, a, b)
	require.NoError(t, ca.Close())
	require.NoError(t, cb.Close())
	lab.Settle()
	want := []string{
		"A FIN-WAIT-1   --> <SEQ=100><ACK=300><CTL=FIN,ACK>    --> CLOSING",
		"B FIN-WAIT-1   --> <SEQ=300><ACK=100><CTL=FIN,ACK>    --> CLOSING",
		"B CLOSING      --> <SEQ=301><ACK=101><CTL=ACK>        --> TIME-WAIT",
		"A CLOSING      --> <SEQ=101><ACK=301><CTL=ACK>        --> TIME-WAIT",
	}
	requireFigure(t, want, after(lab.Trace(), mark))
}

// twoHosts returns a lab with the figures' peers.
func twoHosts(t *testing.T, opts ...netlab.Option) (lab *netlab.Lab, a, b *netlab.Host) {
	t.Helper()
	lab = netlab.New(opts...)
	t.Cleanup(lab.Close)
	return lab, lab.Host("a"), lab.Host("b")
}

// connected returns both ends of a connection, and how many packets that took.
func connected(t *testing.T, lab *netlab.Lab, a, b *netlab.Host) (ca, cb *netlab.Conn, packets int) {
	t.Helper()
	ln := must(b.Listen("tcp", ":80"))
	ca = must(a.Dial("tcp", "b:80")).(*netlab.Conn)
	cb = must(ln.Accept()).(*netlab.Conn)
	lab.Settle()
	return ca, cb, len(lab.Trace().Packets)
}

// A window on a trace: the lines of its packets after the first few, whose
// numbers count from there.
type window struct {
	*trace.Trace
	skip int
	bare bool // without numbers, and without SYNs that are sent again but for the last
}

func after(tr *trace.Trace, packets int) window { return window{tr, packets, false} }

func bare(tr *trace.Trace, packets int) window { return window{tr, packets, true} }

// requireFigure compares the packets of tr, a *trace.Trace or a window on one,
// with the lines of a figure.
func requireFigure(t *testing.T, want []string, tr any) {
	t.Helper()
	w, ok := tr.(window)
	if !ok {
		w = after(tr.(*trace.Trace), 0)
	}
	if diff := cmp.Diff(want, figure(w)); diff != "" {
		t.Errorf("packets (-figure +lab):\n%s", diff)
	}
}

// figure draws each packet as the RFC does.
func figure(w window) []string {
	sent, arrived := map[int]string{}, map[int]string{}
	state := map[string]string{}
	// What an action of a host sends is in the trace before the state that the
	// host is then in: so states are known when the next action begins.
	var sending, arriving []int
	settle := func() {
		for _, n := range sending {
			sent[n] = state[w.Packets[n-1].From]
		}
		for _, n := range arriving {
			arrived[n] = state[w.Packets[n-1].To]
		}
		sending, arriving = nil, nil
	}
	for _, e := range w.Events {
		switch e.Kind {
		case trace.Deliver:
			settle()
			arriving = append(arriving, e.Packet)
		case trace.Call, trace.Timer, trace.Return:
			settle()
		case trace.Send:
			sending = append(sending, e.Packet)
		case trace.State:
			if e.Remote.IsValid() { // not a listener
				state[e.Host] = e.To
			}
		case trace.Drop:
			arrived[e.Packet] = "lost: " + e.Fault
		}
	}
	settle()

	base := map[string]uint32{"a": 100, "b": 300}
	if w.skip > 0 { // the figures of the teardown begin after the handshake
		base = map[string]uint32{"a": 99, "b": 299}
	}
	var lines []string
	for _, p := range w.Packets[w.skip:] {
		if w.bare {
			if p.Again && p.Flags.Has(trace.SYN) {
				continue
			}
			lines = append(lines, fmt.Sprintf("%s %-12s --> %-8s --> %s", strings.ToUpper(p.From), sent[p.N], ctl(p.Flags), arrived[p.N]))
			continue
		}
		segment := fmt.Sprintf("<SEQ=%d>", p.Seq+base[p.From])
		if p.Flags.Has(trace.ACK) {
			segment += fmt.Sprintf("<ACK=%d>", p.Ack+base[p.To])
		}
		segment += "<CTL=" + ctl(p.Flags) + ">"
		if p.Length > 0 {
			segment += fmt.Sprintf("<%d>", p.Length)
		}
		lines = append(lines, fmt.Sprintf("%s %-12s --> %-34s --> %s", strings.ToUpper(p.From), sent[p.N], segment, arrived[p.N]))
	}
	return lines
}

func ctl(f trace.Flags) string {
	var s string
	for _, flag := range []struct {
		bit  trace.Flags
		name string
	}{{trace.RST, "RST"}, {trace.FIN, "FIN"}, {trace.SYN, "SYN"}, {trace.ACK, "ACK"}} {
		if f.Has(flag.bit) {
			if s != "" {
				s += ","
			}
			s += flag.name
		}
	}
	return s
}
