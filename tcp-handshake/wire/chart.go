package wire

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// inCall is how late speech may be on its way for a telephone call to feel
// natural. ITU-T G.114.
const inCall = 150 * time.Millisecond

// The shape of the text, in cells of a terminal.
const (
	labelWidth  = 24
	columnWidth = 7
	chartLabel  = 9
	chartHeight = 6
	perColumn   = 3 // messages
)

// Text writes c as a table, a chart, and what both show of the notes' advantages,
// disadvantages and uses: only what these numbers bear out. No line has more
// than 80 cells. If plain, the chart needs ASCII only.
func (c Comparison) Text(w io.Writer, lang Language, plain bool) error {
	t := compareText{Comparison: c, lang: lang, plain: plain}
	t.intro()
	t.table()
	t.chart()
	t.claims()
	lines := strings.Split(t.String(), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n"))
	return err
}

type compareText struct {
	Comparison
	strings.Builder
	lang  Language
	plain bool
}

func (t *compareText) pick(en, zh string) string {
	if t.lang == Chinese {
		return zh
	}
	return en
}

func (t *compareText) printf(format string, a ...any) { fmt.Fprintf(t, format, a...) }

func (t *compareText) intro() {
	t.printf("%s\n", Fold("", fmt.Sprintf(t.pick(
		"%d messages of %d bytes, one each %v, by TCP and by UDP. The wire takes %v to %v for a packet, so that some overtake others, delivers a few twice, and loses some. Packet n has the same luck in every run (seed %d).",
		"%d 条消息，每条 %d 字节，每 %v 发一条，分别用 TCP 和 UDP。线路传一个包要 %v 到 %v，所以有的包会超过前面的；少数包会送达两次，还有的会丢失。每次运行中，第 n 个包的遭遇都相同（种子 %d）。"),
		messages, messageSize, gap, brief(t.Latency), brief(t.Latency+jitter), t.Seed)))
	t.WriteByte('\n')
}

// table writes one row for each number and two columns for each rate of loss.
func (t *compareText) table() {
	t.WriteString(pad(t.pick("packets lost at random", "随机丢包率"), labelWidth))
	for _, p := range t.Pairs {
		t.WriteString(padLeft(percent(p.Loss), 2*columnWidth))
	}
	t.printf("\n%s%s\n", pad("", labelWidth), strings.Repeat(padLeft("TCP", columnWidth)+padLeft("UDP", columnWidth), len(t.Pairs)))
	for _, row := range []struct {
		en, zh string
		value  func(Run) string
	}{
		{"messages delivered", "送达的消息", number(Run.Delivered)},
		{"  not overtaken", "  没有被超过", number(Run.InOrder)},
		{"  more than once", "  重复送达", number(Run.Duplicates)},
		{"  within 150ms", "  150ms 内送达", number(func(r Run) int { return r.InTime(inCall) })},
		{"first one there, ms", "首条到达，ms", millis(Run.First)},
		{"last one there, ms", "末条到达，ms", millis(Run.Last)},
		{"late: the median, ms", "延迟中位数，ms", millis(Run.Median)},
		{"late: the latest, ms", "最大延迟，ms", millis(Run.Latest)},
		{"waited to be sent", "在发送方等待的消息", number(func(r Run) int { n, _ := r.HeldBack(); return n })},
		{"  the longest, ms", "  最长等待，ms", millis(func(r Run) time.Duration { _, d := r.HeldBack(); return d })},
		{"waited at the host", "到了主机还要等的消息", number(func(r Run) int { n, _ := r.Waited(); return n })},
		{"  the longest, ms", "  最长等待，ms", millis(func(r Run) time.Duration { _, d := r.Waited(); return d })},
		{"packets on the wire", "线路上的包", number(func(r Run) int { return r.Packets })},
		{"  lost", "  丢失", number(func(r Run) int { return r.Lost })},
		{"  sent again", "  重发", number(func(r Run) int { return r.Again })},
		{"bytes on the wire", "线路上的字节", number(func(r Run) int { return r.Bytes })},
	} {
		t.WriteString(pad(t.pick(row.en, row.zh), labelWidth))
		for _, p := range t.Pairs {
			t.WriteString(padLeft(row.value(p.TCP), columnWidth) + padLeft(row.value(p.UDP), columnWidth))
		}
		t.WriteByte('\n')
	}
	t.WriteByte('\n')
}

func number(of func(Run) int) func(Run) string {
	return func(r Run) string { return strconv.Itoa(of(r)) }
}

// millis makes a cell of a time: "-" if nothing was delivered, and of a very
// long one seconds.
func millis(of func(Run) time.Duration) func(Run) string {
	return func(r Run) string {
		switch d := of(r); {
		case r.Delivered() == 0:
			return "-"
		case d >= 1000*time.Second:
			return fmt.Sprintf("%.0fs", d.Seconds())
		default:
			return fmt.Sprintf("%.0f", d.Seconds()*1000)
		}
	}
}

// chart draws how late the messages were where most was lost.
func (t *compareText) chart() {
	p := t.Pairs[len(t.Pairs)-1]
	top := max(p.TCP.Latest(), p.UDP.Latest())
	if top == 0 {
		return
	}
	t.printf("%s\n", Fold("", fmt.Sprintf(t.pick(
		"How late the messages were at %s loss, in the order of their sending; each column is the latest of %d, digits count those that never arrived:",
		"丢包率 %s 时各条消息的延迟，按发送次序排列；每列取 %d 条中最大的，数字是没有送达的条数："), percent(p.Loss), perColumn)))
	t.bars("TCP", p.TCP, top, chartHeight)
	t.bars("UDP", p.UDP, top, 1+int(p.UDP.Latest()*chartHeight/(top+1)))
	t.WriteByte('\n')
}

// bars draws one run, in the lowest rows of a scale from 0 to top.
func (t *compareText) bars(name string, r Run, top time.Duration, rows int) {
	levels, axis := []rune(" ▁▂▃▄▅▆▇█"), "│"
	if t.plain {
		levels, axis = []rune(" .:#"), "|"
	}
	full := len(levels) - 1
	var late []time.Duration // by column
	var lost strings.Builder
	for i := 0; i < len(r.Messages); i += perColumn {
		column := Run{Messages: r.Messages[i:min(i+perColumn, len(r.Messages))]}
		late = append(late, column.Latest())
		missing := ""
		if n := len(column.Messages) - column.Delivered(); n > 0 {
			missing = strconv.Itoa(n)
		}
		lost.WriteString(pad(missing, 1))
	}
	for y := rows - 1; y >= 0; y-- {
		label := ""
		switch y {
		case chartHeight - 1:
			label = brief(top).String()
		case 0:
			label = name
		}
		t.printf("%s%s", pad(label, chartLabel), axis)
		for _, d := range late {
			// Rounded up, so that what arrived is seen.
			height := int((int64(d)*int64(chartHeight*full) + int64(top) - 1) / int64(top))
			t.WriteRune(levels[min(max(height-y*full, 0), full)])
		}
		t.WriteByte('\n')
	}
	if strings.TrimSpace(lost.String()) != "" {
		t.printf("%s%s%s\n", pad(t.pick("  lost", "  未送达"), chartLabel), axis, lost.String())
	}
}

// claims writes what the notes say of the two, with the numbers for it.
func (t *compareText) claims() {
	for i, section := range t.sections() {
		var said int
		for _, c := range section.claims {
			if !c.holds {
				continue
			}
			if said++; said == 1 {
				if i > 0 {
					t.WriteByte('\n')
				}
				t.printf("%s\n", t.pick(section.en, section.zh))
			}
			t.printf("%s\n", Fold("- ", fmt.Sprintf(t.pick(c.en, c.zh), c.args...)))
		}
	}
}

// A claim is a sentence that is only said if it holds. Both languages are
// formats for args.
type claim struct {
	holds  bool
	en, zh string
	args   []any
}

type section struct {
	en, zh string
	claims []claim
}

// sections are the notes' table and uses. Calm is the wire that loses nothing at
// random, worst the one that loses most.
func (t *compareText) sections() []section {
	calm, worst := t.Pairs[0], t.Pairs[len(t.Pairs)-1]
	every := func(is func(Pair) bool) bool {
		for _, p := range t.Pairs {
			if !is(p) {
				return false
			}
		}
		return true
	}
	overtaken := func(r Run) int { return r.Delivered() - r.InOrder() }
	missing := func(r Run) int { return len(r.Messages) - r.Delivered() }
	waited, longest := worst.TCP.Waited()
	kept, keptLongest := worst.TCP.HeldBack()
	calmKept, calmLongest := calm.TCP.HeldBack()
	var slowest time.Duration // by UDP
	var broken Pair           // the last at which TCP did not deliver everything
	for _, p := range t.Pairs {
		slowest = max(slowest, p.UDP.Latest())
		if missing(p.TCP) > 0 {
			broken = p
		}
	}
	easy, isEasy := t.easy()

	return []section{{"TCP: advantages", "TCP：优点", []claim{
		{
			worst.TCP.Lost > 0 && worst.TCP.Again > 0 && every(func(p Pair) bool { return missing(p.TCP) == 0 }),
			"Reliable: at %[1]s loss the wire lost %[2]s of TCP's, and all %[3]d messages arrived, as at every other rate. What was not acknowledged was sent again: %[4]s.",
			"可靠：丢包率 %[1]s 时，线路丢了 TCP 的 %[2]d 个包，%[3]d 条消息仍全部送达，其他丢包率下也一样。没有得到确认的数据会重发：共 %[4]d 个包。",
			[]any{percent(worst.Loss), noun{worst.TCP.Lost, "packet"}, messages, noun{worst.TCP.Again, "packet"}},
		},
		{
			calm.TCP.Delivered() > 0 && overtaken(calm.UDP) > 0 && every(func(p Pair) bool { return overtaken(p.TCP) == 0 }),
			"In order: packets overtook each other on the way, yet no message of TCP's was read after a later one. By UDP %[1]s came so, even at %[2]s loss.",
			"顺序：包在途中互相超越，但 TCP 的消息没有一条晚于后发的消息被读到；用 UDP，丢包率 %[2]s 时也有 %[1]d 条被超过。",
			[]any{noun{overtaken(calm.UDP), "message"}, percent(calm.Loss)},
		},
		{
			calm.TCP.Twice > 0 && calm.TCP.Delivered() > 0 && every(func(p Pair) bool { return p.TCP.Duplicates() == 0 }),
			"Stable: at %[1]s loss the wire delivered %[2]s of TCP's twice; the program got none of its messages twice.",
			"稳定：丢包率 %[1]s 时，线路把 TCP 的 %[2]d 个包送达了两次，程序却没有重复收到任何消息。",
			[]any{percent(calm.Loss), noun{calm.TCP.Twice, "packet"}},
		},
	}}, {"TCP: disadvantages", "TCP：缺点", []claim{
		{
			calm.TCP.Bytes > calm.UDP.Bytes && missing(calm.TCP) == 0,
			"It costs more: even at %[1]s loss %[2]d bytes were on the wire, with UDP %[3]d. Handshake, acknowledgements, longer headers and teardown all count.",
			"资源消耗大：丢包率 %[1]s 时线路上也有 %[2]d 字节，UDP 只有 %[3]d 字节。握手、确认、更长的首部和挥手都要算在内。",
			[]any{percent(calm.Loss), calm.TCP.Bytes, calm.UDP.Bytes},
		},
		{
			calm.TCP.Dialed > 0 && calm.UDP.Dialed == 0 && calm.TCP.First() > calm.UDP.First() && calm.UDP.Delivered() > 0,
			"Slower to start: Dial returned after %[1]v, so the first message was there after %[2]v; by UDP after %[3]v.",
			"起步慢：Dial 在 %[1]v 后才返回，所以第一条消息在 %[2]v 时到达；用 UDP 只要 %[3]v。",
			[]any{brief(calm.TCP.Dialed), brief(calm.TCP.First()), brief(calm.UDP.First())},
		},
		{
			waited > 0 && worst.UDP.Delivered() > 0 && worst.TCP.Latest() > worst.UDP.Latest(),
			"Slower under loss: at %[1]s the latest message was late by %[2]v, by UDP %[3]v. Part of that is head-of-line blocking: %[4]s had reached the host and had to wait for an earlier one, up to %[5]v.",
			"丢包时速度慢：丢包率 %[1]s 时，最慢的消息延迟 %[2]v，UDP 只有 %[3]v。其中一部分是队头阻塞：%[4]d 条消息已经到达主机，却要等更早的消息，最长等了 %[5]v。",
			[]any{percent(worst.Loss), brief(worst.TCP.Latest()), brief(worst.UDP.Latest()), noun{waited, "message"}, brief(longest)},
		},
		{
			kept > 0 && keptLongest > calmLongest,
			"It slows itself down: TCP takes loss for congestion, and has less under way at once. At %[1]s loss %[2]s had to wait in the sender, up to %[3]v, to be sent at all; at %[4]s %[5]d, up to %[6]v.",
			"主动减速：TCP 把丢包当作拥塞，同时在途的数据变少。丢包率 %[1]s 时，%[2]d 条消息先要在发送方等待，最长等了 %[3]v 才第一次发出；%[4]s 时是 %[5]d 条，最长 %[6]v。",
			[]any{percent(worst.Loss), noun{kept, "message"}, brief(keptLongest), percent(calm.Loss), calmKept, brief(calmLongest)},
		},
		{
			worst.TCP.Largest > messageSize && worst.UDP.Largest == messageSize,
			"More to program: TCP is a stream of bytes. One packet carried up to %[1]d of them, %[2]d to a message, and the reader has to cut the messages apart; a datagram is one message.",
			"程序实现繁复：TCP 是字节流，每条消息 %[2]d 字节，一个包里最多却有 %[1]d 字节，读的一方必须自己切分消息；而一个 UDP 数据报就是一条消息。",
			[]any{worst.TCP.Largest, messageSize},
		},
		{
			broken.TCP.Err != "",
			"It cannot do what the wire does not let it do: at %[1]s loss %[2]s did not arrive, and it ended with: %[3]s.",
			"它也无法超出线路的能力：丢包率 %[1]s 时有 %[2]d 条消息没有送达，结束时的错误是：%[3]s。",
			[]any{percent(broken.Loss), noun{missing(broken.TCP), "message"}, broken.TCP.Err},
		},
	}}, {"UDP: advantages", "UDP：优点", []claim{
		{
			every(func(p Pair) bool { return p.UDP.Packets == messages }),
			"It costs little: %[1]d messages were %[2]d packets and %[3]d bytes at every rate of loss; nothing else went over the wire.",
			"资源消耗小：无论丢包率多少，%[1]d 条消息就是 %[2]d 个包、%[3]d 字节，线路上没有别的。",
			[]any{messages, worst.UDP.Packets, worst.UDP.Bytes},
		},
		{
			slowest > 0 && slowest <= t.Latency+jitter,
			"Fast: what arrived was late by %[1]v at most, at every rate of loss. That is what the wire takes: no message waits for another.",
			"速度快：无论丢包率多少，送达的消息最多延迟 %[1]v。这就是线路本身所需的时间：没有一条消息要等另一条。",
			[]any{brief(slowest)},
		},
		{
			every(func(p Pair) bool { return p.UDP.Dialed == 0 && p.UDP.Packets == messages }),
			"Simple: Dial sends nothing and returns at once; the first message is the first packet.",
			"程序实现简单：Dial 什么也不发，立即返回；第一个包就是第一条消息。",
			nil,
		},
	}}, {"UDP: disadvantages", "UDP：缺点", []claim{
		{
			missing(worst.UDP) > 0 && missing(worst.UDP) == worst.UDP.Lost && worst.UDP.Packets == messages,
			"Unreliable: at %[1]s loss the wire lost %[2]s, and so %[3]s never arrived. Nobody told the sender.",
			"不可靠：丢包率 %[1]s 时，线路丢了 %[2]d 个包，就有 %[3]d 条消息没有送达，也没有谁通知发送方。",
			[]any{percent(worst.Loss), noun{worst.UDP.Lost, "packet"}, noun{missing(worst.UDP), "message"}},
		},
		{
			overtaken(calm.UDP) > 0,
			"Disordered: %[1]s came after a later one at %[2]s loss.",
			"无序：丢包率 %[2]s 时，有 %[1]d 条消息被后发的超过。",
			[]any{noun{overtaken(calm.UDP), "message"}, percent(calm.Loss)},
		},
		{
			calm.UDP.Duplicates() > 0,
			"Unstable: %[1]s came more than once at %[2]s loss. The program sees the wire as it is.",
			"不稳定：丢包率 %[2]s 时，有 %[1]d 条消息重复送达。程序看到的就是网络的真实状态。",
			[]any{noun{calm.UDP.Duplicates(), "message"}, percent(calm.Loss)},
		},
	}}, {"Uses", "使用场景", []claim{
		{
			missing(worst.TCP) == 0 && missing(worst.UDP) > 0,
			"TCP for large files and all that must be complete and exact: a file that lacks %[1]d of %[2]d pieces, as by UDP at %[3]s loss, is no file.",
			"TCP：大文件，以及一切要求完整、准确的数据。丢包率 %[3]s 时用 UDP，%[2]d 块里缺 %[1]d 块，文件就不成其为文件。",
			[]any{missing(worst.UDP), messages, percent(worst.Loss)},
		},
		{
			worst.UDP.InTime(inCall) > worst.TCP.InTime(inCall),
			"UDP for calls, live pictures and games, where late is as bad as lost. A call wants speech within %[1]v (ITU-T G.114): at %[2]s loss %[3]d of %[4]d messages were in time by UDP, %[5]d by TCP.",
			"UDP：电话会议、直播、网络游戏，迟到等于丢失的场合。通话要求话音在 %[1]v 内到达（ITU-T G.114）：丢包率 %[2]s 时，%[4]d 条消息中 UDP 有 %[3]d 条及时，TCP 只有 %[5]d 条。",
			[]any{inCall, percent(worst.Loss), worst.UDP.InTime(inCall), messages, worst.TCP.InTime(inCall)},
		},
		{
			isEasy,
			"The notes call TCP slow. At %[1]s loss it was not: %[2]d of its messages were in time for a call, of UDP's %[3]d, and half were late by %[4]v or less (UDP %[5]v). What makes TCP slow is loss.",
			"笔记说 TCP 速度慢。丢包率 %[1]s 时并非如此：TCP 有 %[2]d 条消息赶得上通话，UDP 有 %[3]d 条；TCP 半数消息的延迟不超过 %[4]v（UDP %[5]v）。让 TCP 变慢的是丢包。",
			[]any{percent(easy.Loss), easy.TCP.InTime(inCall), easy.UDP.InTime(inCall), brief(easy.TCP.Median()), brief(easy.UDP.Median())},
		},
	}}}
}

// easy returns the highest rate of loss up to which TCP delivered most messages,
// and no fewer than UDP, in time for a call; false if there is none, or no other.
func (t *compareText) easy() (p Pair, ok bool) {
	for _, next := range t.Pairs {
		n := next.TCP.InTime(inCall)
		if n <= messages/2 || n < next.UDP.InTime(inCall) {
			return p, ok
		}
		p, ok = next, true
	}
	return Pair{}, false
}

// A noun is a number of things: "1 packet" as a string, or only the number.
type noun struct {
	n   int
	one string
}

// Format implements [fmt.Formatter].
func (n noun) Format(f fmt.State, verb rune) {
	if verb == 'd' {
		fmt.Fprintf(f, "%d", n.n)
		return
	}
	fmt.Fprintf(f, "%d %s", n.n, n.one)
	if n.n != 1 {
		io.WriteString(f, "s")
	}
}

// brief leaves out what nobody wants to read in a sentence.
func brief(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	}
	return d.Round(time.Millisecond)
}

func percent(p float64) string { return strconv.FormatFloat(p*100, 'g', 4, 64) + "%" }

// pad fills s up with blanks to n cells, and padLeft does so before it.
func pad(s string, n int) string     { return s + strings.Repeat(" ", max(n-Cells(s), 0)) }
func padLeft(s string, n int) string { return strings.Repeat(" ", max(n-Cells(s), 0)) + s }
