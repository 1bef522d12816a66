package trace_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/trace"
)

// The schema must not change silently: its example is this trace.
func TestTheFormIsThatOfTheSchema(t *testing.T) {
	t.Parallel()
	want := example(t)
	var got strings.Builder
	require.NoError(t, handMade().Write(&got))
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("JSON (-SCHEMA.md +Write); if it must change, count up trace.Version:\n%s", diff)
	}

	read, err := trace.Read(strings.NewReader(want))
	require.NoError(t, err)
	if diff := cmp.Diff(handMade(), read, addresses); diff != "" {
		t.Errorf("trace (-want +Read):\n%s", diff)
	}
}

func TestATraceThatWasWrittenIsReadBackEqual(t *testing.T) {
	t.Parallel()
	for _, tt := range labs {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := tt.run(t)
			var file bytes.Buffer
			require.NoError(t, want.Write(&file))
			got, err := trace.Read(&file)
			require.NoError(t, err)
			if diff := cmp.Diff(want, got, addresses); diff != "" {
				t.Errorf("trace (-written +read):\n%s", diff)
			}
		})
	}
}

func TestListsInTheJSONAreNeverNull(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	require.NoError(t, (&trace.Trace{Version: trace.Version}).Write(&got))
	require.JSONEq(t, `{"version":1, "seed":0, "hosts":[], "packets":[], "events":[]}`, got.String())
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		old, new string // what is changed in the example
		wantErr  string
	}{
		{"a newer version", `"version":1`, `"version":2`,
			"read trace: it has version 2, and this program knows version 1; use a newer program"},
		{"a newer version with fields that are not known yet", `{"version":1`, `{"colour":"red","version":2`,
			"read trace: it has version 2, and this program knows version 1; use a newer program"},
		{"an older version", `"version":1`, `"version":0`,
			"read trace: it has version 0, and this program knows version 1; run the lab again to make a new trace"},
		{"other JSON", `"version":1`, `"name":"x"`,
			`read trace: no "version"; pass a file that Trace.Write has made`},
		{"what is no JSON", `{"version"`, `PK`,
			"this is not JSON, or not all of it: write the trace again"},
		{"two traces in one file", "]}\n", "]}\n{}",
			"this is not JSON, or not all of it: write the trace again"},
		{"a field of an event that is not known", `"kind":"note"`, `"kind":"note","colour":"red"`,
			`read trace: json: unknown field "colour"; SCHEMA.md has the fields of version 1`},
		{"a field of a packet that is not known", `"n":1`, `"n":1,"ttl":64`,
			`read trace: json: unknown field "ttl"; SCHEMA.md has the fields of version 1`},
		{"a field of another type", `"seq":1`, `"seq":"one"`,
			"SCHEMA.md has the fields of version 1"},
		{"a kind that is not known", `"kind":"note"`, `"kind":"remark"`,
			`read trace: .events[0], "remark", is no kind of event; SCHEMA.md has the kinds of version 1`},
		{"an event of a packet beyond the last", `"packet":2`, `"packet":3`,
			`read trace: .events[6], "send", has packet 3; give a number from 1 to 2, which is how many .packets there are`},
		{"an event of a packet below the first", `"packet":1`, `"packet":-1`,
			`read trace: .events[2], "send", has packet -1; give a number from 1 to 2, which is how many .packets there are`},
		{"an event that lacks its packet", `"client","packet":1,"fault"`, `"client","fault"`,
			`read trace: .events[3], "drop", has no packet; give the number of one in .packets`},
		{"an event of a host that is not there", `"kind":"timer","host":"client"`, `"kind":"timer","host":"nobody"`,
			`read trace: .events[5], "timer", is of "nobody"; list that host in .hosts`},
		{"an event without a host", `"kind":"timer","host":"client"`, `"kind":"timer"`,
			`read trace: .events[5], "timer", has no host; give the name of one in .hosts`},
		{"an event before the one that precedes it", `"at":210000000`, `"at":100000000`,
			"read trace: .events[8] is at 100ms, before the one that precedes it; sort events by time"},
		{"an event before the lab began", `"at":0`, `"at":-1`,
			`read trace: .events[0], "note", is at -1ns; the lab begins at 0`},
		{"a packet with another's number", `"n":2`, `"n":1`,
			"read trace: .packets[1] has the number 1; number packets from 1, in their order"},
		{"a packet from a host that is not there", `"from":"client"`, `"from":"nobody"`,
			`read trace: .packets[0] is from "nobody"; list that host in .hosts`},
		{"a packet to a host that is not there", `"to":"server"`, `"to":"nobody"`,
			`read trace: .packets[0] is to "nobody"; list that host in .hosts, or write ""`},
		{"a packet without bytes", `"bytes":"RQAAKgABQABABibLCgAAAQoAAAJOIABQAAAD6QAAE4lQGP//zXwAAGhp"`, `"bytes":""`,
			"read trace: .packets[0] has no bytes; give it all from its IP header on"},
		{"two hosts of one name", `"name":"server"`, `"name":"client"`,
			`read trace: .hosts[1] is a second "client"; give each host a name of its own`},
		{"a host without a name", `"name":"server"`, `"name":""`,
			"read trace: .hosts[1] has no name; give it one"},
		{"a host without an address", `"addrs":["10.0.0.2"]`, `"addrs":[]`,
			`read trace: .hosts[1], "server", has no address; list those that its packets have`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := example(t)
			require.Contains(t, text, tt.old)
			_, err := trace.Read(strings.NewReader(strings.Replace(text, tt.old, tt.new, 1)))
			require.ErrorContains(t, err, tt.wantErr)
		})
	}
}

func TestReadReturnsTheErrorOfItsReader(t *testing.T) {
	t.Parallel()
	_, err := trace.Read(iotest.ErrReader(io.ErrClosedPipe))
	require.ErrorIs(t, err, io.ErrClosedPipe)
	require.ErrorContains(t, err, "read trace: ")
}

func TestReadRefusesATraceThatIsCutOff(t *testing.T) {
	t.Parallel()
	text := strings.TrimSpace(example(t))
	for n := range len(text) {
		_, err := trace.Read(strings.NewReader(text[:n]))
		require.ErrorContains(t, err, "this is not JSON, or not all of it", "the first %d bytes", n)
	}
}

func TestWriteRefusesWhatReadWould(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		change  func(*trace.Trace)
		wantErr string
	}{
		{"another version", func(tr *trace.Trace) { tr.Version++ },
			"write trace: it has version 2, and this program knows version 1; use a newer program"},
		{"what an end knows without saying it", func(tr *trace.Trace) { tr.Events[11].TCP = nil },
			`write trace: .events[11], "info", has no tcp; give what the end knows`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := handMade()
			tt.change(tr)
			var file bytes.Buffer
			require.EqualError(t, tr.Write(&file), tt.wantErr)
			require.Zero(t, file.Len(), "bytes written")
		})
	}
}

func TestWriteReturnsTheErrorOfItsWriter(t *testing.T) {
	t.Parallel()
	pr, pw := io.Pipe()
	full := errors.New("disk full")
	require.NoError(t, pr.CloseWithError(full))
	require.ErrorIs(t, handMade().Write(pw), full)
}

// What Read takes, Write writes, and Read reads again as the same.
func FuzzReadWriteRead(f *testing.F) {
	var file bytes.Buffer
	require.NoError(f, handMade().Write(&file))
	f.Add(file.Bytes())
	f.Add([]byte(`{"version":1,"hosts":[{"name":"\ud800","addrs":["fe80::1%eth0"]}],"events":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := trace.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		var file bytes.Buffer
		require.NoError(t, first.Write(&file))
		second, err := trace.Read(&file)
		require.NoError(t, err)
		if diff := cmp.Diff(first, second, addresses); diff != "" {
			t.Errorf("trace (-first +second):\n%s", diff)
		}
	})
}

var addresses = cmpopts.EquateComparable(netip.Addr{}, netip.AddrPort{})

// handMade returns the trace of SCHEMA.md's example.
func handMade() *trace.Trace {
	client, server := netip.MustParseAddrPort("10.0.0.1:20000"), netip.MustParseAddrPort("10.0.0.2:80")
	hi, err := hex.DecodeString("4500002a00014000400626cb0a0000010a000002" + // IP
		"4e200050000003e9000013895018ffffcd7c0000" + // TCP
		"6869")
	if err != nil {
		panic(err)
	}
	first := trace.Packet{
		N: 1, From: "client", To: "server", Src: client, Dst: server, Protocol: "tcp", Length: 2,
		Flags: trace.PSH | trace.ACK, Seq: 1, Ack: 1, Window: 65535, Bytes: hi,
	}
	again := first
	again.N, again.Again = 2, true
	return &trace.Trace{
		Version: trace.Version,
		Seed:    7,
		Hosts: []trace.Host{
			{Name: "client", Addrs: []netip.Addr{netip.MustParseAddr("fd00::1"), client.Addr()}},
			{Name: "server", Addrs: []netip.Addr{server.Addr()}},
		},
		Packets: []trace.Packet{first, again},
		Events: []trace.Event{
			{Kind: trace.Note, Detail: `client -> server: "hi"`},
			{Kind: trace.Call, Host: "client", Local: client, Remote: server, Op: "Write", Detail: "2 bytes"},
			{Kind: trace.Send, Host: "client", Packet: 1},
			{Kind: trace.Drop, Host: "client", Packet: 1, Fault: "loss"},
			{Kind: trace.Block, Host: "client", Local: client, Remote: server, Op: "Write", Detail: "2 bytes"},
			{At: 200 * time.Millisecond, Kind: trace.Timer, Host: "client", Detail: "retransmission"},
			{At: 200 * time.Millisecond, Kind: trace.Send, Host: "client", Packet: 2},
			{At: 200 * time.Millisecond, Kind: trace.Faulted, Host: "client", Packet: 2, Fault: "slow", Detail: "later by 5ms"},
			{At: 210 * time.Millisecond, Kind: trace.Return, Host: "client", Local: client, Remote: server,
				Op: "Write", Detail: "0 of 2 bytes", Err: "i/o timeout"},
			{At: 215 * time.Millisecond, Kind: trace.Deliver, Host: "server", Packet: 2},
			{At: 215 * time.Millisecond, Kind: trace.State, Host: "server", Local: server, Remote: client,
				From: "SYN-RECEIVED", To: "ESTABLISHED"},
			{At: 215 * time.Millisecond, Kind: trace.Info, Host: "server", Local: server, Remote: client, TCP: &trace.TCPInfo{
				Cwnd: 10, Ssthresh: 1<<32 - 1, RTT: 20 * time.Millisecond, RTO: 200 * time.Millisecond,
				SendWnd: 65535, RecvWnd: 65533,
			}},
		},
	}
}

// The labs, together, have every kind of event.
var labs = []struct {
	name string
	run  func(t *testing.T) *trace.Trace
}{
	{"a connection with a lost SYN and a full buffer, and one refused", func(t *testing.T) *trace.Trace { return connection(t) }},
	{"a connection over IPv6", func(t *testing.T) *trace.Trace { return connection(t, netlab.IPv6()) }},
	{"datagrams: one answered, one to nobody", datagrams},
	{"hosts that never meet", func(t *testing.T) *trace.Trace {
		lab := newLab(t)
		lab.Host("hermit")
		return lab.Trace()
	}},
	{"nothing", func(t *testing.T) *trace.Trace { return newLab(t).Trace() }},
}

func newLab(t *testing.T, opts ...netlab.Option) *netlab.Lab {
	lab := netlab.New(opts...)
	t.Cleanup(lab.Close)
	return lab
}

func connection(t *testing.T, opts ...netlab.Option) *trace.Trace {
	lab := newLab(t, append(opts, netlab.Buffers(8000, 8000))...)
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("loss", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Drop)
	lab.Fault("slow", netlab.Nth(2, netlab.Data), netlab.Delay(5*time.Millisecond))
	lab.Note("client -> server: <a lot>")

	ln, err := server.Listen("tcp", ":80")
	require.NoError(t, err)
	conn, err := client.Dial("tcp", "server:80")
	require.NoError(t, err)
	peer, err := ln.Accept()
	require.NoError(t, err)
	require.NoError(t, conn.SetWriteDeadline(lab.Now().Add(time.Second)))
	for err == nil { // nobody reads: the buffers fill up
		_, err = conn.Write(make([]byte, 4000))
	}
	require.True(t, err.(net.Error).Timeout(), "%v", err)
	require.NoError(t, conn.Close())
	require.NoError(t, peer.Close())
	_, err = client.Dial("tcp", "server:81")
	require.Error(t, err)
	lab.Advance(2 * time.Minute)
	return lab.Trace()
}

func datagrams(t *testing.T) *trace.Trace {
	lab := newLab(t)
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("echo", netlab.From("server"), netlab.Duplicate(time.Millisecond))
	there, err := server.ListenPacket("udp", ":7")
	require.NoError(t, err)
	for _, addr := range []string{"server:7", "server:9"} {
		conn, err := client.Dial("udp", addr)
		require.NoError(t, err)
		_, err = conn.Write([]byte("hello"))
		require.NoError(t, err)
	}
	buf := make([]byte, 10)
	n, from, err := there.ReadFrom(buf)
	require.NoError(t, err)
	_, err = there.WriteTo(buf[:n], from)
	require.NoError(t, err)
	lab.Settle()
	return lab.Trace()
}
