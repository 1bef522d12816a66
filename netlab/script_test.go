package netlab_test

import (
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

func TestLostSYN(t *testing.T) {
	lab, a, b := twoHosts(t)
	lab.Fault("lose the SYN", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Drop)
	must(b.Listen("tcp", ":80"))
	must(a.Dial("tcp", "b:80"))
	lab.Settle()
	requireStory(t, []string{
		"0s a SYN seq=0 LOST: lose the SYN",
		"1s a TIMER handshake timeout",
		"1s a SYN seq=0 AGAIN",
		"1.01s b SYN, ACK seq=0 ack=1",
		"1.02s a ACK seq=1 ack=1",
	}, lab.Trace(), 0)
}

func TestLostSYNACK(t *testing.T) {
	lab, a, b := twoHosts(t)
	lab.Fault("lose the SYN+ACK", netlab.Nth(1, netlab.Flags(trace.SYN|trace.ACK)), netlab.Drop)
	must(b.Listen("tcp", ":80"))
	must(a.Dial("tcp", "b:80"))
	lab.Settle()
	requireStory(t, []string{
		"0s a SYN seq=0",
		"10ms b SYN, ACK seq=0 ack=1 LOST: lose the SYN+ACK",
		"1s a TIMER handshake timeout",
		"1s a SYN seq=0 AGAIN",
		"1.01s b TIMER handshake timeout",
		"1.01s b SYN, ACK seq=0 ack=1 AGAIN",
		"1.01s b ACK seq=1 ack=1",
		"1.02s a ACK seq=1 ack=1",
	}, lab.Trace(), 0)
}

func TestLostLastACKOfTheHandshake(t *testing.T) {
	lab, a, b := twoHosts(t)
	lab.Fault("lose the last ACK", netlab.Nth(1, netlab.All(netlab.From("a"), netlab.Flags(trace.ACK))), netlab.Drop)
	ln := must(b.Listen("tcp", ":80"))
	must(a.Dial("tcp", "b:80"))
	must(ln.Accept())
	lab.Settle()
	requireStory(t, []string{
		"0s a SYN seq=0",
		"10ms b SYN, ACK seq=0 ack=1",
		"20ms a ACK seq=1 ack=1 LOST: lose the last ACK",
		"1.01s b TIMER handshake timeout",
		"1.01s b SYN, ACK seq=0 ack=1 AGAIN",
		"1.02s a ACK seq=1 ack=1",
	}, lab.Trace(), 0)
}

func TestLostLastACKOfTheTeardown(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, cb, mark := connected(t, lab, a, b)
	lab.Fault("lose the last ACK", netlab.Nth(1, netlab.All(netlab.From("a"), netlab.Flags(trace.ACK))), netlab.Drop)
	require.NoError(t, ca.Close())
	lab.Settle()
	require.NoError(t, cb.Close())
	lab.Advance(10 * time.Minute)
	requireStory(t, []string{
		"0s a FIN, ACK seq=1 ack=1",
		"10ms b ACK seq=1 ack=2",
		"20ms b FIN, ACK seq=1 ack=2",
		"30ms a ACK seq=2 ack=2 LOST: lose the last ACK",
		"260ms b TIMER tail loss probe",
		"260ms b FIN, ACK seq=1 ack=2 AGAIN",
		"270ms a ACK seq=2 ack=2",
		"1m0.27s a TIMER 2 MSL",
	}, lab.Trace(), mark)
}

func TestLostDataIsSentAgainAfterThreeDuplicateACKs(t *testing.T) {
	lab, a, b := twoHosts(t, netlab.SACK(false))
	ca, cb, mark := connected(t, lab, a, b)
	lab.Fault("lose the third segment", netlab.Nth(3, netlab.All(netlab.From("a"), netlab.Data)), netlab.Drop)
	must(ca.Write(make([]byte, 8*1448)))
	must(io.ReadFull(cb, make([]byte, 8*1448)))
	lab.Settle()
	requireStory(t, []string{
		"0s a ACK seq=1 ack=1 len=1448",
		"0s a ACK seq=1449 ack=1 len=1448",
		"0s a ACK seq=2897 ack=1 len=1448 LOST: lose the third segment",
		"0s a ACK seq=4345 ack=1 len=1448",
		"0s a ACK seq=5793 ack=1 len=1448",
		"0s a ACK seq=7241 ack=1 len=1448",
		"0s a ACK seq=8689 ack=1 len=1448",
		"0s a ACK seq=10137 ack=1 len=1448",
		"0s a Write returns",
		"10ms b ACK seq=1 ack=1449",
		"10ms b ACK seq=1 ack=2897",
		"10ms b ACK seq=1 ack=2897",
		"10ms b ACK seq=1 ack=2897",
		"10ms b ACK seq=1 ack=2897",
		"10ms b ACK seq=1 ack=2897",
		"10ms b ACK seq=1 ack=2897",
		"20ms a ACK seq=2897 ack=1 len=1448 AGAIN",
		"30ms b ACK seq=1 ack=11585",
	}, lab.Trace(), mark)
}

func TestLostDataIsSentAgainAfterTheRTO(t *testing.T) {
	lab, a, b := twoHosts(t, netlab.RACK(false))
	ca, cb, mark := connected(t, lab, a, b)
	lab.Fault("lose the data", netlab.Nth(1, netlab.Data), netlab.Drop)
	must(io.WriteString(ca, "hello"))
	must(io.ReadFull(cb, make([]byte, 5)))
	lab.Settle()
	requireStory(t, []string{
		"0s a ACK seq=1 ack=1 len=5 LOST: lose the data",
		"0s a Write returns",
		"200ms a TIMER retransmission timeout",
		"200ms a ACK seq=1 ack=1 len=5 AGAIN",
		"210ms b ACK seq=1 ack=6",
	}, lab.Trace(), mark)
}

func TestClosedWindowIsProbed(t *testing.T) {
	lab, a, b := twoHosts(t, netlab.Buffers(4096, 4096))
	ca, cb, mark := connected(t, lab, a, b)
	lab.After(2*time.Second, func() { must(io.ReadFull(cb, make([]byte, 5000))) })
	must(ca.Write(make([]byte, 5000)))
	lab.Advance(5 * time.Second)
	requireStory(t, []string{
		"0s a ACK seq=1 ack=1 len=1420 win=2048",
		"0s a Write BLOCKED",
		"10ms b ACK seq=1 ack=1421 win=628",
		"20ms a ACK seq=1421 ack=1 len=628 win=2048",
		"20ms a Write returns",
		"30ms b ACK seq=1 ack=2049 win=0",
		"240ms a TIMER window probe",
		"240ms a ACK seq=2048 ack=1 len=1 win=2048 AGAIN",
		"250ms b ACK seq=1 ack=2049 win=0",
		"640ms a TIMER window probe",
		"640ms a ACK seq=2048 ack=1 len=1 win=2048 AGAIN",
		"650ms b ACK seq=1 ack=2049 win=0",
		"1.44s a TIMER window probe",
		"1.44s a ACK seq=2048 ack=1 len=1 win=2048 AGAIN",
		"1.45s b ACK seq=1 ack=2049 win=0",
		"2s b ACK seq=1 ack=2049 win=1420", // the reader goes on
		"2s b ACK seq=1 ack=2049 win=2048",
		"2.01s a ACK seq=2049 ack=1 len=1420 win=2048",
		"2.02s b ACK seq=1 ack=3469 win=628",
		"2.02s b ACK seq=1 ack=3469 win=2048",
		"2.03s a ACK seq=3469 ack=1 len=628 win=2048",
		"2.03s a ACK seq=4097 ack=1 len=904 win=2048",
		"2.04s b ACK seq=1 ack=4097 win=1420",
		"2.04s b ACK seq=1 ack=4097 win=2048",
		"2.04s b ACK seq=1 ack=5001 win=1144",
		"2.04s b ACK seq=1 ack=5001 win=2048",
	}, lab.Trace(), mark)
}

func TestUnreadDataMakesCloseAReset(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, cb, mark := connected(t, lab, a, b)
	must(io.WriteString(ca, "never read"))
	lab.Settle()
	require.NoError(t, cb.Close())
	_, err := ca.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	requireStory(t, []string{
		"0s a ACK seq=1 ack=1 len=10",
		"0s a Write returns",
		"10ms b ACK seq=1 ack=11",
		"20ms b RST, ACK seq=1 ack=11 win=0",
	}, lab.Trace(), mark)
}

func TestHalfOpenConnectionIsReset(t *testing.T) {
	lab, a, b := twoHosts(t)
	ca, cb, mark := connected(t, lab, a, b)
	crash := lab.Fault("b crashes: its RST is lost", netlab.From("b"), netlab.Drop)
	require.NoError(t, cb.SetLinger(0))
	require.NoError(t, cb.Close())
	crash.Off()
	must(io.WriteString(ca, "are you there?"))
	_, err := ca.Read(make([]byte, 1))
	require.ErrorIs(t, err, syscall.ECONNRESET)
	requireStory(t, []string{
		"0s b RST, ACK seq=1 ack=1 win=0 LOST: b crashes: its RST is lost",
		"0s a ACK seq=1 ack=1 len=14",
		"0s a Write returns",
		"10ms b RST seq=1 win=0",
	}, lab.Trace(), mark)
}

// requireStory compares the packets of tr after the first few with want: when
// each was sent, by whom, and what became of it.
func requireStory(t *testing.T, want []string, tr *trace.Trace, skip int) {
	t.Helper()
	if diff := cmp.Diff(want, story(tr, skip)); diff != "" {
		t.Errorf("packets (-want +got):\n%s", diff)
	}
}

func story(tr *trace.Trace, skip int) []string {
	var lines []string
	index := map[int]int{}
	var start time.Duration
	for _, e := range tr.Events {
		p := tr.PacketOf(e)
		switch {
		case p == nil && e.Kind == trace.Timer && len(lines) > 0:
			lines = append(lines, fmt.Sprintf("%v %s TIMER %s", e.At-start, e.Host, e.Detail))
		case p == nil && e.Kind == trace.Block:
			lines = append(lines, fmt.Sprintf("%v %s %s BLOCKED", e.At-start, e.Host, e.Op))
		case p == nil && e.Kind == trace.Return && e.Op == "Write" && len(lines) > 0:
			lines = append(lines, fmt.Sprintf("%v %s Write returns", e.At-start, e.Host))
		case p == nil || p.N <= skip:
		case e.Kind == trace.Send:
			if len(lines) == 0 {
				start = e.At
			}
			line := fmt.Sprintf("%v %s %s seq=%d", e.At-start, p.From, p.Flags, p.Seq)
			if p.Flags.Has(trace.ACK) {
				line += fmt.Sprintf(" ack=%d", p.Ack)
			}
			if p.Length > 0 {
				line += fmt.Sprintf(" len=%d", p.Length)
			}
			if p.Window < 5000 {
				line += fmt.Sprintf(" win=%d", p.Window)
			}
			if p.Again {
				line += " AGAIN"
			}
			index[p.N] = len(lines)
			lines = append(lines, line)
		case e.Kind == trace.Drop:
			lines[index[p.N]] += " LOST: " + e.Fault
		case e.Kind == trace.Faulted:
			lines[index[p.N]] += strings.ToUpper(" "+e.Fault) + ": " + e.Detail
		}
	}
	return lines
}
