package diagram_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab/diagram"
	"example.com/netlessons/netlab/trace"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestTextOfRealTraces(t *testing.T) {
	for _, l := range labs {
		t.Run(l.name, func(t *testing.T) {
			golden(t, l.name+".txt", text(t, l.run(t), diagram.TextOptions{}))
		})
	}
}

func TestSVGOfARealTrace(t *testing.T) {
	golden(t, "last ACK lost.svg", svg(t, lastACKLost(t)))
}

func TestTextOf(t *testing.T) {
	for _, tt := range []struct {
		name  string
		trace *trace.Trace
		opts  diagram.TextOptions
		want  string
	}{
		{"nothing", &trace.Trace{}, diagram.TextOptions{}, "time/s\n"},
		{"two hosts in ASCII", small("client", "server"), diagram.TextOptions{Width: 60, Plain: true}, `
time/s client                                         server
 0.000 |- 1 SYN seq=0 win=100 ---------X lost on the way   |
       |- 2 again SYN seq=0 win=100 ---------------------+>|
       | ^ twice: once more                              : |
 4.000 |            notes stand in the middle            : |
       :                ... 1 s later ...                : :
 5.000 |                                               2 +>|
       :                ... 1 s later ...                  :
 6.000 |- 3 no flags seq=1 win=0 len=9 ----------------..  |
`},
		{"two hosts with Chinese names", small("客户端", "服务器"), diagram.TextOptions{Width: 60}, `
time/s 客户端                                         服务器
 0.000 │─ 1 SYN seq=0 win=100 ─────────✗ lost on the way   │
       │─ 2 again SYN seq=0 win=100 ─────────────────────┬►│
       │ ↳ twice: once more                              ╎ │
 4.000 │            notes stand in the middle            ╎ │
       ┊                  … 1 s later …                  ╎ ┊
 5.000 │                                               2 └►│
       ┊                  … 1 s later …                    ┊
 6.000 │─ 3 no flags seq=1 win=0 len=9 ────────────────┄┄  │
`},
		{"three hosts", small("client", "server", "other"), diagram.TextOptions{}, `
time/s client  server  other
 0.000 │─────✗ │       │       1 SYN seq=0 win=100
       │       │       │       ↳ lost: lost on the way
       │──────►│       │       2 again SYN seq=0 win=100
       │       │       │       ↳ twice: once more
 4.000 │       │       │       notes stand in the middle
       ┊       ┊       ┊       … 1 s later …
 5.000 │┄─────►│       │       2 arrives
       ┊       ┊       ┊       … 1 s later …
 6.000 │──────┄│       │       3 no flags seq=1 win=0 len=9
`},
		{"two hosts without room for their lines", small("client", "server"), diagram.TextOptions{Width: 36}, `
time/s
 0.000 1 client→server SYN seq=0
       win=100
       ↳ lost: lost on the way
       2 client→server again SYN
       seq=0 win=100
       ↳ twice: once more
 4.000 notes stand in the middle
       … 1 s later …
 5.000 2 arrives
       … 1 s later …
 6.000 3 client→server no flags
       seq=1 win=0 len=9
`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), text(t, tt.trace, tt.opts)); diff != "" {
				t.Errorf("diagram (-want +got):\n%s", diff)
			}
		})
	}
}

// small is a trace made by hand: a packet lost, one that arrives twice, and one
// that is under way when the trace ends.
func small(names ...string) *trace.Trace {
	t := &trace.Trace{Version: trace.Version}
	for _, name := range names {
		t.Hosts = append(t.Hosts, trace.Host{Name: name})
	}
	p := trace.Packet{
		N: 1, From: names[0], To: names[1], Protocol: "tcp", Flags: trace.SYN, Window: 100,
		Src: netip.MustParseAddrPort("10.0.0.1:1"), Dst: netip.MustParseAddrPort("10.0.0.2:2"),
	}
	t.Packets = []trace.Packet{p, p, p}
	t.Packets[1].N, t.Packets[1].Again = 2, true
	t.Packets[2].N, t.Packets[2].Flags, t.Packets[2].Seq, t.Packets[2].Length, t.Packets[2].Window = 3, 0, 1, 9, 0
	t.Events = []trace.Event{
		{Kind: trace.Send, Host: names[0], Packet: 1},
		{Kind: trace.Drop, Host: names[0], Packet: 1, Fault: "lost on the way"},
		{Kind: trace.Send, Host: names[0], Packet: 2},
		{Kind: trace.Faulted, Host: names[0], Packet: 2, Fault: "twice", Detail: "once more"},
		{Kind: trace.Deliver, At: 4 * time.Second, Host: names[1], Packet: 2},
		{Kind: trace.Note, At: 4 * time.Second, Detail: "notes stand\tin the middle"},
		{Kind: trace.Deliver, At: 5 * time.Second, Host: names[1], Packet: 2},
		{Kind: trace.Send, At: 6 * time.Second, Host: names[0], Packet: 3},
	}
	return t
}

// odd are traces that no lab makes.
func odd() []*trace.Trace {
	unknown := small("client", "server")
	unknown.Hosts = unknown.Hosts[:1]
	wrong := small("client", "server")
	for _, kind := range []trace.Kind{trace.Send, trace.Deliver, trace.Drop, trace.Faulted, trace.State, trace.Info, trace.Call, trace.Block, trace.Return, trace.Timer, trace.Note, "", "?"} {
		for _, n := range []int{-1, 0, 1, 2, 3, 4} {
			wrong.Events = append(wrong.Events, trace.Event{Kind: kind, Host: "client", Packet: n}, trace.Event{Kind: kind, Host: "nobody", Packet: n, Detail: strings.Repeat("long ", 30), Op: "Op", Err: "<&>", Fault: "]]>"})
		}
	}
	for _, p := range []string{"icmp", "", "99"} {
		wrong.Packets[0].Protocol = p
	}
	loud := small("\x1b[31mred\x00\n", "\"<script>&\xff")
	loud.Events[1].Fault = "\x1b]0;title\x07"
	loud.Events[5].Detail = "\u0301\u202e 😀 " + strings.Repeat("长", 200) + strings.Repeat("w", 200)
	return []*trace.Trace{{}, unknown, wrong, loud, small("a", "a")}
}

// all are the traces for the tests of what holds for every one.
func all(t *testing.T) []*trace.Trace {
	traces := odd()
	for _, l := range labs {
		traces = append(traces, l.run(t))
	}
	for seed := range uint64(3) {
		traces = append(traces, lossy(t, seed, [2]string{"客户端", "a server with a name that is far too long to stand over its line"}))
	}
	one := newLab(t)
	host := one.Host("alone")
	_, err := host.Listen("tcp", ":80")
	require.NoError(t, err)
	_, err = host.Dial("udp", "10.0.0.9:1")
	require.NoError(t, err)
	return append(traces, one.Trace())
}

func TestNoLineIsWiderThanAskedFor(t *testing.T) {
	for i, tr := range all(t) {
		for _, width := range []int{0, 1, 9, 20, 40, 50, 60, 79, 80, 120} {
			want := width
			if width == 0 {
				want = 80
			}
			for line := range strings.Lines(text(t, tr, diagram.TextOptions{Width: width})) {
				if got := cells(strings.TrimSuffix(line, "\n")); got > want {
					t.Fatalf("trace %d: %d cells instead of %d:\n%s", i, got, want, line)
				}
			}
		}
	}
}

// cells is the width of what the traces of the tests contain.
func cells(s string) int {
	n := 0
	for _, r := range s {
		n++
		if unicode.Is(unicode.Han, r) || r == '😀' {
			n++
		}
	}
	return n
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestPlainIsASCIIAndOnlyColorEscapes(t *testing.T) {
	for i, tr := range all(t) {
		for _, width := range []int{30, 80} {
			uncolored := text(t, tr, diagram.TextOptions{Width: width})
			require.NotContains(t, uncolored, "\x1b", "trace %d", i)
			colored := text(t, tr, diagram.TextOptions{Width: width, Color: true})
			require.Equal(t, uncolored, escapes.ReplaceAllString(colored, ""), "trace %d", i)
			for _, b := range []byte(text(t, tr, diagram.TextOptions{Width: width, Plain: true})) {
				if b > 127 || b < ' ' && b != '\n' {
					t.Fatalf("trace %d: byte %#x in a plain diagram", i, b)
				}
			}
		}
	}
}

func TestSVGIsXMLAndAlwaysTheSame(t *testing.T) {
	for i, tr := range all(t) {
		got := svg(t, tr)
		require.Equal(t, got, svg(t, tr), "trace %d", i)
		words := map[string]int{}
		for d := xml.NewDecoder(strings.NewReader(got)); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err, "trace %d:\n%s", i, got)
			if start, ok := token.(xml.StartElement); ok {
				words[start.Name.Local]++
			}
		}
		require.Equal(t, 1, words["title"], "trace %d", i)
		require.Zero(t, words["script"], "trace %d", i)
		require.NotContains(t, got, "NaN", "trace %d", i)
	}
}

func TestEveryPacketIsInTheDiagram(t *testing.T) {
	for _, l := range labs {
		t.Run(l.name, func(t *testing.T) {
			tr := l.run(t)
			text, svg := text(t, tr, diagram.TextOptions{}), svg(t, tr)
			for _, p := range tr.Packets {
				require.Regexp(t, fmt.Sprintf(`[ │►◄╎┼]%d [:A-Za-z]`, p.N), text)
				require.Regexp(t, fmt.Sprintf(`>%d [:A-Za-z]`, p.N), svg)
			}
		})
	}
}

func TestAFullDiskIsReported(t *testing.T) {
	require.ErrorIs(t, diagram.Text(full{}, small("a", "b"), diagram.TextOptions{}), errFull)
	require.ErrorIs(t, diagram.SVG(full{}, small("a", "b")), errFull)
}

var errFull = errors.New("no space left on device")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

func text(t *testing.T, tr *trace.Trace, opts diagram.TextOptions) string {
	var b bytes.Buffer
	require.NoError(t, diagram.Text(&b, tr, opts))
	return b.String()
}

func svg(t *testing.T, tr *trace.Trace) string {
	var b bytes.Buffer
	require.NoError(t, diagram.SVG(&b, tr))
	return b.String()
}

// golden compares got with a file of testdata. To write it: go test -update.
func golden(t *testing.T, name, got string) {
	path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-"))
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("diagram (-want +got):\n%s", diff)
	}
}

func TestOnlyATerminalWithoutNO_COLORWantsColor(t *testing.T) {
	require.False(t, diagram.WantsColor(io.Discard))
	file, err := os.Create(filepath.Join(t.TempDir(), "out.txt"))
	require.NoError(t, err)
	defer file.Close()
	require.False(t, diagram.WantsColor(file))
}
