package wire_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/tcp-handshake/wire"
)

// What the scene promises of its wire: each packet takes up to 12 ms longer than
// the latency, and no datagram is anything but 100 bytes with two headers.
const (
	compareJitter = 12 * time.Millisecond
	datagram      = 20 + 8 + 100
)

func TestOneParamsMakesOneComparison(t *testing.T) {
	t.Parallel()
	p := wire.Params{Seed: 7, Latency: 3 * time.Millisecond}
	first, again := compare(t, p), compare(t, p)
	if diff := cmp.Diff(first, again, cmpopts.IgnoreFields(wire.Run{}, "Trace")); diff != "" {
		t.Errorf("the same again (-first +again):\n%s", diff)
	}
	for i := range first.Pairs {
		requireSameTrace(t, first.Pairs[i].TCP, again.Pairs[i].TCP)
		requireSameTrace(t, first.Pairs[i].UDP, again.Pairs[i].UDP)
	}
	p.Seed = 8
	other := compare(t, p)
	for i := range first.Pairs {
		require.NotEqual(t, first.Pairs[i].TCP.Messages, other.Pairs[i].TCP.Messages)
		require.NotEqual(t, first.Pairs[i].UDP.Messages, other.Pairs[i].UDP.Messages)
	}
	require.Equal(t, uint64(1), compare(t, wire.Params{}).Seed)
}

// requireSameTrace compares two traces byte by byte.
func requireSameTrace(t *testing.T, a, b wire.Run) {
	t.Helper()
	var first, again bytes.Buffer
	require.NoError(t, a.Trace.Write(&first))
	require.NoError(t, b.Trace.Write(&again))
	require.True(t, bytes.Equal(first.Bytes(), again.Bytes()), "the traces differ")
}

// What TCP and UDP do is no matter of one seed.
func TestComparedTCPIsReliableAndUDPIsAsTheWireIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		params wire.Params
	}{
		{"as the lesson runs it", wire.Params{}},
		{"another seed", wire.Params{Seed: 2}},
		{"a longer wire", wire.Params{Seed: 5, Latency: 40 * time.Millisecond}},
		{"a wire without latency, near enough", wire.Params{Seed: 6, Latency: time.Nanosecond}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := compare(t, tt.params)
			var losses []float64
			for i, p := range c.Pairs {
				losses = append(losses, p.Loss)
				requireReliable(t, c, p.TCP)
				requireAsTheWire(t, c, p)
				if i > 0 {
					requireSameLuck(t, c.Pairs[i-1].UDP, p.UDP)
				}
				require.Greater(t, p.TCP.Bytes, p.UDP.Bytes)
				require.Greater(t, p.TCP.First(), p.UDP.First())
			}
			if diff := cmp.Diff([]float64{0, 0.01, 0.05, 0.2}, losses); diff != "" {
				t.Errorf("rates of loss (-want +got):\n%s", diff)
			}
			calm, worst := c.Pairs[0], c.Pairs[len(c.Pairs)-1]
			require.Zero(t, calm.TCP.Lost+calm.UDP.Lost)
			require.Greater(t, worst.TCP.Latest(), calm.TCP.Latest())
			require.Greater(t, worst.TCP.Latest(), worst.UDP.Latest())
			require.Greater(t, worst.TCP.Again, 0)
			require.Less(t, calm.UDP.InOrder(), calm.UDP.Delivered(), "nothing was overtaken")
			require.Greater(t, calm.UDP.Duplicates(), 0)
			waited, longest := worst.TCP.Waited()
			require.Greater(t, waited, 0)
			require.Greater(t, worst.TCP.Latest(), longest)
		})
	}
}

// requireReliable checks what TCP promises, and when it delivers: as soon as a
// message and all those before it are at the host.
func requireReliable(t *testing.T, c wire.Comparison, r wire.Run) {
	t.Helper()
	require.Empty(t, r.Err)
	require.Equal(t, []int{200, 200, 0}, []int{r.Delivered(), r.InOrder(), r.Duplicates()})
	require.GreaterOrEqual(t, r.Dialed, 2*c.Latency)
	var complete time.Duration
	for i, m := range r.Messages {
		complete = max(complete, m.AtHost)
		require.Equal(t, r.Dialed+time.Duration(i)*5*time.Millisecond, m.Sent, "message %d", i)
		require.GreaterOrEqual(t, m.Left, m.Sent, "message %d", i)
		require.GreaterOrEqual(t, m.AtHost-m.Left, c.Latency, "message %d", i)
		require.Equal(t, complete, m.Read, "message %d", i)
	}
}

// requireAsTheWire checks that UDP adds nothing to what the wire does, and that
// the wire does about what it should.
func requireAsTheWire(t *testing.T, c wire.Comparison, p wire.Pair) {
	t.Helper()
	r := p.UDP
	require.Empty(t, r.Err)
	require.Equal(t, []int{200, 200 * datagram, 0}, []int{r.Packets, r.Bytes, r.Again})
	require.Equal(t, []int{200 - r.Lost, r.Twice}, []int{r.Delivered(), r.Duplicates()})
	require.Zero(t, r.Dialed)
	deviation := math.Sqrt(200 * p.Loss * (1 - p.Loss))
	require.InDelta(t, 200*p.Loss, r.Lost, 3*deviation+0.5)
	for i, m := range r.Messages {
		require.Equal(t, time.Duration(i)*5*time.Millisecond, m.Sent, "message %d", i)
		if m.Copies > 0 {
			require.GreaterOrEqual(t, m.Late(), c.Latency, "message %d", i)
			require.LessOrEqual(t, m.Late(), c.Latency+compareJitter, "message %d", i)
			require.Zero(t, m.Waited()+m.HeldBack(), "message %d", i)
		}
	}
}

// requireSameLuck checks that with more loss the same messages are lost and some
// others, and that those that arrive do so at the same time.
func requireSameLuck(t *testing.T, less, more wire.Run) {
	t.Helper()
	for i, m := range more.Messages {
		if m.Copies > 0 {
			require.Equal(t, less.Messages[i].Read, m.Read, "message %d", i)
		}
	}
}

func TestAComparisonSaysOnlyWhatItsNumbersBearOut(t *testing.T) {
	t.Parallel()
	original := compare(t, wire.Params{})
	for _, tt := range []struct {
		name   string
		en, zh string // how the sentence begins
		spoil  func(calm, worst *wire.Pair)
	}{
		{"a message is missing: not reliable", "- Reliable: at 20% loss the wire lost 35 packets", "- 可靠：", func(_, worst *wire.Pair) { worst.TCP.Messages[3].Copies = 0 }},
		{"nothing was lost: not shown to be reliable", "- Reliable:", "- 可靠：", func(_, worst *wire.Pair) { worst.TCP.Lost = 0 }},
		{"nothing was sent again: not shown to be reliable", "- Reliable:", "- 可靠：", func(_, worst *wire.Pair) { worst.TCP.Again = 0 }},
		{"one was overtaken: not in order", "- In order:", "- 顺序：", func(_, worst *wire.Pair) { worst.TCP.Messages[3].Overtaken = true }},
		{"one came twice: not stable", "- Stable:", "- 稳定：", func(calm, _ *wire.Pair) { calm.TCP.Messages[3].Copies = 2 }},
		{"UDP takes more bytes: TCP does not cost more", "- It costs more: even at 0% loss", "- 资源消耗大：", func(calm, _ *wire.Pair) { calm.UDP.Bytes = calm.TCP.Bytes }},
		{"Dial took no time: no slower start", "- Slower to start: Dial returned after 41ms", "- 起步慢：", func(calm, _ *wire.Pair) { calm.TCP.Dialed = 0 }},
		{"no message waited at the host: no blocking", "- Slower under loss:", "- 丢包时速度慢：", func(_, worst *wire.Pair) {
			for i := range worst.TCP.Messages {
				worst.TCP.Messages[i].AtHost = worst.TCP.Messages[i].Read
			}
		}},
		{"UDP was later: TCP is not the slow one", "- Slower under loss:", "- 丢包时速度慢：", func(_, worst *wire.Pair) { worst.UDP.Messages[0].Read += time.Hour }},
		{"no message waited in the sender: it did not slow down", "- It slows itself down:", "- 主动减速：", func(_, worst *wire.Pair) {
			for i := range worst.TCP.Messages {
				worst.TCP.Messages[i].Left = worst.TCP.Messages[i].Sent
			}
		}},
		{"each packet had one message: nothing to cut", "- More to program:", "- 程序实现繁复：", func(_, worst *wire.Pair) { worst.TCP.Largest = 100 }},
		{"UDP had one packet more: not that cheap", "- It costs little: 200 messages were 200 packets and 25600 bytes", "- 资源消耗小：", func(calm, _ *wire.Pair) { calm.UDP.Packets++ }},
		{"UDP had one packet more: not that simple", "- Simple:", "- 程序实现简单：", func(_, worst *wire.Pair) { worst.UDP.Packets++ }},
		{"one datagram was later than the wire: not fast", "- Fast: what arrived was late by 22ms at most", "- 速度快：", func(calm, _ *wire.Pair) { calm.UDP.Messages[0].Read += time.Second }},
		{"all came: not unreliable", "- Unreliable: at 20% loss the wire lost 41 packets", "- 不可靠：", deliverAll},
		{"nothing was overtaken: not disordered", "- Disordered: 47 messages", "- 无序：", func(calm, _ *wire.Pair) {
			for i := range calm.UDP.Messages {
				calm.UDP.Messages[i].Overtaken = false
			}
		}},
		{"nothing came twice: not unstable", "- Unstable: 2 messages", "- 不稳定：", func(calm, _ *wire.Pair) {
			for i := range calm.UDP.Messages {
				calm.UDP.Messages[i].Copies = 1
			}
		}},
		{"UDP would do for files too", "- TCP for large files", "- TCP：大文件", deliverAll},
		{"TCP did as well in time: it would do for calls", "- UDP for calls, live pictures and games", "- UDP：电话会议", func(_, worst *wire.Pair) {
			for i := range worst.TCP.Messages {
				worst.TCP.Messages[i].Read = worst.TCP.Messages[i].Sent
			}
		}},
		{"TCP was slow without loss", "- The notes call TCP slow. At 1% loss it was not:", "- 笔记说 TCP 速度慢。", func(calm, _ *wire.Pair) { calm.TCP.Messages[0].Read += time.Second }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := original
			c.Pairs = slices.Clone(c.Pairs)
			for i := range c.Pairs {
				c.Pairs[i].TCP.Messages = slices.Clone(c.Pairs[i].TCP.Messages)
				c.Pairs[i].UDP.Messages = slices.Clone(c.Pairs[i].UDP.Messages)
			}
			require.Contains(t, text(t, c, wire.English, true), tt.en)
			require.Contains(t, text(t, c, wire.Chinese, true), tt.zh)
			tt.spoil(&c.Pairs[0], &c.Pairs[len(c.Pairs)-1])
			start, _, _ := strings.Cut(tt.en, ":")
			require.NotContains(t, text(t, c, wire.English, true), start)
			require.NotContains(t, text(t, c, wire.Chinese, true), tt.zh)
		})
	}
}

func deliverAll(_, worst *wire.Pair) {
	for i := range worst.UDP.Messages {
		worst.UDP.Messages[i].Copies = 1
	}
	worst.UDP.Lost = 0
}

func TestAComparisonShowsItsNumbers(t *testing.T) {
	t.Parallel()
	c := compare(t, wire.Params{})
	rows := strings.Split(text(t, c, wire.English, true), "\n")
	ms := func(d time.Duration) string { return fmt.Sprintf("%.0f", d.Seconds()*1000) }
	for _, tt := range []struct {
		name string
		want func(wire.Run) string
	}{
		{"messages delivered", func(r wire.Run) string { return fmt.Sprint(r.Delivered()) }},
		{"  not overtaken", func(r wire.Run) string { return fmt.Sprint(r.InOrder()) }},
		{"  more than once", func(r wire.Run) string { return fmt.Sprint(r.Duplicates()) }},
		{"  within 150ms", func(r wire.Run) string { return fmt.Sprint(r.InTime(150 * time.Millisecond)) }},
		{"first one there, ms", func(r wire.Run) string { return ms(r.First()) }},
		{"last one there, ms", func(r wire.Run) string { return ms(r.Last()) }},
		{"late: the median, ms", func(r wire.Run) string { return ms(r.Median()) }},
		{"late: the latest, ms", func(r wire.Run) string { return ms(r.Latest()) }},
		{"waited to be sent", func(r wire.Run) string { n, _ := r.HeldBack(); return fmt.Sprint(n) }},
		{"waited at the host", func(r wire.Run) string { n, _ := r.Waited(); return fmt.Sprint(n) }},
		{"packets on the wire", func(r wire.Run) string { return fmt.Sprint(r.Packets) }},
		{"  lost", func(r wire.Run) string { return fmt.Sprint(r.Lost) }},
		{"  sent again", func(r wire.Run) string { return fmt.Sprint(r.Again) }},
		{"bytes on the wire", func(r wire.Run) string { return fmt.Sprint(r.Bytes) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var want []string
			for _, p := range c.Pairs {
				want = append(want, tt.want(p.TCP), tt.want(p.UDP))
			}
			i := slices.IndexFunc(rows, func(row string) bool { return strings.HasPrefix(row, tt.name+"  ") })
			require.GreaterOrEqual(t, i, 0, "no such row")
			if diff := cmp.Diff(want, strings.Fields(strings.TrimPrefix(rows[i], tt.name))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAComparisonFitsTheTerminal(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		params wire.Params
	}{
		{"as the lesson runs it", wire.Params{}},
		{"another rate of loss", wire.Params{Loss: 0.123456}},
		{"so much is lost that it takes an hour", wire.Params{Loss: 0.6}},
		{"everything is lost", wire.Params{Loss: 1}},
		{"a long wire", wire.Params{Seed: math.MaxUint64, Latency: 12345 * time.Millisecond}},
		{"a window of one byte", wire.Params{Window: 1}},
		{"packets late by an hour", wire.Params{Delay: map[int]time.Duration{1: time.Hour, 100: time.Hour}, Dup: []int{2}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := compare(t, tt.params)
			for _, lang := range []wire.Language{wire.English, wire.Chinese} {
				for _, plain := range []bool{false, true} {
					for line := range strings.Lines(text(t, c, lang, plain)) {
						line = strings.TrimSuffix(line, "\n")
						require.LessOrEqual(t, compareCells(line), 80, line)
						require.NotContains(t, line, "\x1b")
						require.Equal(t, strings.TrimRight(line, " "), line)
						require.NotContains(t, line, "%!")
						if lang == wire.English && plain {
							require.Equal(t, -1, strings.IndexFunc(line, func(r rune) bool { return r > 127 }), line)
						}
					}
				}
			}
		})
	}
}

func TestComparingWithAPacketLost(t *testing.T) {
	t.Parallel()
	for n := range 4 { // with TCP: SYN, SYN+ACK, ACK and the first message
		t.Run(fmt.Sprintf("without packet %d UDP lacks that message, and TCP none", n+1), func(t *testing.T) {
			t.Parallel()
			for _, p := range compare(t, wire.Params{Drop: []int{n + 1}}).Pairs {
				require.Zero(t, p.UDP.Messages[n].Copies)
				require.Equal(t, []int{200, 200, 0}, []int{p.TCP.Delivered(), p.TCP.InOrder(), p.TCP.Duplicates()})
				require.Empty(t, p.TCP.Err)
			}
		})
	}
}

func TestComparingWithoutAConnection(t *testing.T) {
	t.Parallel()
	c := compare(t, wire.Params{Loss: 1})
	require.Len(t, c.Pairs, 2)
	require.Equal(t, 200, c.Pairs[0].TCP.Delivered())
	require.Zero(t, c.Pairs[1].TCP.Delivered()+c.Pairs[1].UDP.Delivered())
	require.Contains(t, c.Pairs[1].TCP.Err, "connection timed out")
	en, zh := text(t, c, wire.English, true), text(t, c, wire.Chinese, true)
	require.Contains(t, en, "It cannot do what the wire does not let it do: at 100% loss 200 messages did")
	require.Contains(t, zh, "它也无法超出线路的能力：丢包率 100% 时有 200 条消息没有送达")
	require.NotContains(t, en, "Reliable:")
	require.NotContains(t, en, "TCP for large files")
}

func TestCompareHasNoVariants(t *testing.T) {
	t.Parallel()
	_, err := wire.Compare(wire.Params{Variant: "refuse"})
	require.EqualError(t, err, `scene compare has no variant "refuse"`)
}

func compare(t *testing.T, p wire.Params) wire.Comparison {
	t.Helper()
	c, err := wire.Compare(p)
	require.NoError(t, err)
	return c
}

func text(t *testing.T, c wire.Comparison, lang wire.Language, plain bool) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, c.Text(&b, lang, plain))
	return b.String()
}

// compareCells is the width of what a comparison writes: blocks and lines are
// narrow, and all that is Chinese is wide.
func compareCells(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x2e80 {
			n++
		}
	}
	return n
}

// Every tenth packet of the longest run, lost: the comparison ends, and what is
// told of it fits its numbers, as its sentences appear only if they do.
func TestCompareEndsWhicheverPacketIsLost(t *testing.T) {
	for n := 1; n < 300; n += 10 {
		c, err := wire.Compare(wire.Params{Drop: []int{n}})
		require.NoError(t, err)
		for _, pair := range c.Pairs {
			require.Equal(t, 200, pair.TCP.Delivered(), "packet %d, loss %g", n, pair.Loss)
			require.Equal(t, 200, pair.TCP.InOrder())
		}
		var b strings.Builder
		require.NoError(t, c.Text(&b, wire.English, true))
		require.Contains(t, b.String(), "TCP: advantages")
	}
}
