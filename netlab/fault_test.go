package netlab_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

// Each case sends the datagrams "1", "2" and "3" a millisecond apart over a
// wire with one fault, and says what arrives, when, and what the trace tells.
func TestFaults(t *testing.T) {
	second := netlab.Number(2)
	for _, tt := range []struct {
		name  string
		when  netlab.Match
		do    netlab.Action
		want  []string // what arrives
		trace []string // what the trace says of the fault
	}{
		{"drop the second that a host sends", netlab.Nth(2, netlab.From("a")), netlab.Drop,
			[]string{"10ms 1", "12ms 3"}, []string{"2 drop x "}},
		{"delay, so that another overtakes", second, netlab.Delay(5 * time.Millisecond),
			[]string{"10ms 1", "12ms 3", "16ms 2"}, []string{"2 fault x later by 5ms"}},
		{"duplicate", second, netlab.Duplicate(time.Millisecond),
			[]string{"10ms 1", "11ms 2", "12ms 2", "12ms 3"}, []string{"2 fault x arrives again 1ms later"}},
		{"corrupt, which the checksum finds", second, netlab.Corrupt,
			[]string{"10ms 1", "12ms 3"}, []string{"2 fault x rewritten"}},
		{"rewrite, checksums and all", second, netlab.Rewrite(func(b []byte) []byte { b[len(b)-1] = 'x'; netlab.SetChecksums(b); return b }),
			[]string{"10ms 1", "11ms x", "12ms 3"}, []string{"2 fault x rewritten"}},
		{"swap with the next", second, netlab.Swap,
			[]string{"10ms 1", "12ms 3", "12ms 2"}, []string{"2 fault x waits for the next packet"}},
		{"by number", netlab.Number(3), netlab.Drop,
			[]string{"10ms 1", "11ms 2"}, []string{"3 drop x "}},
		{"by what it is not", netlab.Not(netlab.Number(3)), netlab.Drop,
			[]string{"12ms 3"}, []string{"1 drop x ", "2 drop x "}},
		{"to a host, with data", netlab.All(netlab.To("b"), netlab.Data), netlab.Drop,
			nil, []string{"1 drop x ", "2 drop x ", "3 drop x "}},
		{"to another host", netlab.To("a"), netlab.Drop,
			[]string{"10ms 1", "11ms 2", "12ms 3"}, nil},
		{"TCP flags, of which a datagram has none", netlab.Flags(trace.SYN), netlab.Drop,
			[]string{"10ms 1", "11ms 2", "12ms 3"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lab, a, b := twoHosts(t)
			lab.Fault("x", tt.when, tt.do)
			got := sendThree(t, lab, a, b)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("arrived (-want +got):\n%s", diff)
			}
			var told []string
			for _, e := range lab.Trace().Events {
				if e.Fault != "" {
					told = append(told, string(rune('0'+e.Packet))+" "+string(e.Kind)+" "+e.Fault+" "+e.Detail)
				}
			}
			if diff := cmp.Diff(tt.trace, told); diff != "" {
				t.Errorf("trace (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPartitionByTimeAndByHand(t *testing.T) {
	lab, a, b := twoHosts(t)
	lab.Fault("partition", lab.Between(time.Millisecond, 2*time.Millisecond), netlab.Drop)
	require.Equal(t, []string{"10ms 1", "12ms 3"}, sendThree(t, lab, a, b), "the second was sent at 1 ms")

	lab, a, b = twoHosts(t)
	partition := lab.Fault("partition", netlab.Any, netlab.Drop)
	lab.After(time.Millisecond, partition.Off)
	lab.After(2*time.Millisecond, partition.On)
	require.Equal(t, []string{"11ms 2"}, sendThree(t, lab, a, b))
}

func TestLimitedBandwidthDelaysAndItsFullQueueDrops(t *testing.T) {
	// A datagram of 1 byte is a packet of 29: 232 bits, 4 ms each at 58 kbit/s.
	lab, a, b := twoHosts(t, netlab.Bandwidth(58_000))
	require.Equal(t, []string{"14ms 1", "18ms 2", "22ms 3"}, sendThree(t, lab, a, b))

	lab, a, b = twoHosts(t, netlab.Bandwidth(58_000), netlab.QueueLength(2))
	require.Equal(t, []string{"14ms 1", "18ms 2"}, sendThree(t, lab, a, b))
	require.Equal(t, "queue full", lastFault(lab.Trace()))
}

func TestASwappedPacketFollowsTheNextOneThroughALimitedBandwidthToo(t *testing.T) {
	lab, a, b := twoHosts(t, netlab.Bandwidth(58_000))
	lab.Fault("x", netlab.Number(1), netlab.Swap)
	require.Equal(t, []string{"18ms 2", "18ms 1", "22ms 3"}, sendThree(t, lab, a, b))

	lab, a, b = twoHosts(t)
	lab.Fault("x", netlab.Number(3), netlab.Swap)
	require.Equal(t, []string{"10ms 1", "11ms 2", "1.012s 3"}, sendThree(t, lab, a, b), "no other came")
}

func TestADelayMovesTheCopiesToo(t *testing.T) {
	lab, a, b := twoHosts(t)
	lab.Fault("twice", netlab.Number(1), netlab.Duplicate(time.Millisecond))
	lab.Fault("late", netlab.Number(1), netlab.Delay(5*time.Millisecond))
	require.Equal(t, []string{"11ms 2", "12ms 3", "15ms 1", "16ms 1"}, sendThree(t, lab, a, b))
}

func TestGarbageOnTheWireHurtsNobody(t *testing.T) {
	for _, garbage := range [][]byte{nil, {0}, {0x45}, {0x60}, bytes.Repeat([]byte{0xff}, 60), append([]byte{0x45, 0, 0, 60}, make([]byte, 56)...)} {
		lab, a, b := twoHosts(t)
		lab.Fault("garbage", netlab.Number(1), netlab.Rewrite(func([]byte) []byte {
			g := slices.Clone(garbage)
			netlab.SetChecksums(g)
			return g
		}))
		lab.Fault("corrupt", netlab.Number(1), netlab.Corrupt)
		require.Equal(t, []string{"11ms 2", "12ms 3"}, sendThree(t, lab, a, b))
	}
}

func TestWhatIsSentToNoHostIsDropped(t *testing.T) {
	lab, a, _ := twoHosts(t)
	conn := must(a.Dial("udp", "10.0.0.99:53"))
	must(conn.Write([]byte("anybody?")))
	require.Equal(t, "no such host", lastFault(lab.Trace()))
}

// sendThree sends three datagrams from a to b, and returns which arrive when.
func sendThree(t *testing.T, lab *netlab.Lab, a, b *netlab.Host) []string {
	t.Helper()
	server := must(b.ListenPacket("udp", ":53"))
	client := must(a.Dial("udp", "b:53"))
	for _, text := range []string{"1", "2", "3"} {
		must(client.Write([]byte(text)))
		lab.Advance(time.Millisecond)
	}
	var got []string
	for {
		buf := make([]byte, 10)
		n, _, err := server.ReadFrom(buf)
		if err != nil {
			require.ErrorIs(t, err, netlab.ErrStuck)
			return got
		}
		got = append(got, lab.Elapsed().String()+" "+string(buf[:n]))
	}
}

func lastFault(tr *trace.Trace) string {
	var last string
	for _, e := range tr.Events {
		if e.Kind == trace.Drop {
			last = e.Fault
		}
	}
	return last
}
