package pcapng_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab"
	"example.com/netlessons/netlab/pcapng"
	"example.com/netlessons/netlab/trace"
)

// A packet is what a capture file says of one.
type packet struct {
	At       time.Time
	Host     string
	Bytes    []byte
	Comments []string
}

func TestEachPacketIsInTheFileOnceAsItWasSent(t *testing.T) {
	t.Parallel()
	for _, tt := range labs {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := tt.lab(t, tt.opts...)
			if diff := cmp.Diff(packetsOf(tr), read(t, write(t, tr))); diff != "" {
				t.Errorf("packets (-trace +file):\n%s", diff)
			}
		})
	}
}

func TestTimesAreToTheNanosecond(t *testing.T) {
	t.Parallel()
	tr := handMade()
	tr.Events[0].At = 100*24*time.Hour + time.Nanosecond
	want := time.Date(2000, 4, 10, 0, 0, 0, 1, time.UTC)
	require.Equal(t, want, read(t, write(t, tr))[0].At)
}

func TestEachHostIsAnInterface(t *testing.T) {
	t.Parallel()
	lab := netlab.New(netlab.Seed(42))
	defer lab.Close()
	lab.Host("client")
	lab.Host("server", netlab.IPv6())
	in, err := pcapgo.NewNgReader(bytes.NewReader(write(t, lab.Trace())), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	_, _, err = in.ReadPacketData()
	require.ErrorIs(t, err, io.EOF)

	require.Equal(t, pcapgo.NgSectionInfo{Application: "netlab", Comment: "seed 42"}, in.SectionInfo())
	type iface struct {
		Name, Description string
		Link              layers.LinkType
		Resolution        pcapgo.NgResolution
	}
	var got []iface
	for i := range in.NInterfaces() {
		is, err := in.Interface(i)
		require.NoError(t, err)
		got = append(got, iface{is.Name, is.Description, is.LinkType, is.TimestampResolution})
	}
	want := []iface{
		{"client", "10.0.0.1", layers.LinkTypeRaw, 9},
		{"server", "fd00::2, 10.0.0.2", layers.LinkTypeRaw, 9},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("interfaces (-want +got):\n%s", diff)
	}
}

func TestOneTraceMakesOneFile(t *testing.T) {
	t.Parallel()
	require.Equal(t, write(t, overTCP(t)), write(t, overTCP(t)))
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		change  func(*trace.Trace)
		wantErr string
	}{
		{"a trace without hosts", func(tr *trace.Trace) { tr.Hosts = nil },
			"write pcapng: the trace has no hosts; add one to the lab"},
		{"a packet that nothing sends", func(tr *trace.Trace) { tr.Events = nil },
			"write pcapng: packet 1 has no time; add the event that sends it"},
		{"a packet from a host that is not there", func(tr *trace.Trace) { tr.Packets[0].From = "nobody" },
			`write pcapng: packet 1 is from "nobody"; add that host to the trace`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tr := handMade()
			tt.change(tr)
			require.EqualError(t, pcapng.Write(io.Discard, tr), tt.wantErr)
		})
	}
}

func TestWriteReturnsTheErrorOfItsWriter(t *testing.T) {
	t.Parallel()
	pr, pw := io.Pipe()
	full := errors.New("disk full")
	require.NoError(t, pr.CloseWithError(full))
	require.ErrorIs(t, pcapng.Write(pw, handMade()), full)
}

// packetsOf returns what the file of a trace should hold.
func packetsOf(tr *trace.Trace) (all []packet) {
	for _, e := range tr.Events {
		switch e.Kind {
		case trace.Send:
			all = append(all, packet{At: netlab.Epoch.Add(e.At), Host: e.Host, Bytes: tr.PacketOf(e).Bytes})
		case trace.Drop:
			p := &all[e.Packet-1]
			p.Comments = append(p.Comments, "dropped: "+e.Fault)
		case trace.Faulted:
			p := &all[e.Packet-1]
			p.Comments = append(p.Comments, "fault: "+e.Fault+", "+e.Detail)
		}
	}
	return all
}

// write returns the capture file of a trace.
func write(t *testing.T, tr *trace.Trace) []byte {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, pcapng.Write(&file, tr))
	return file.Bytes()
}

// read returns what is in a capture file, in its order.
func read(t *testing.T, file []byte) (all []packet) {
	t.Helper()
	in, err := pcapgo.NewNgReader(bytes.NewReader(file), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	for {
		data, info, options, err := in.ReadPacketDataWithOptions()
		if err == io.EOF {
			return all
		}
		require.NoError(t, err)
		require.Equal(t, len(data), info.Length)
		require.Equal(t, pcapgo.NgEpbFlagDirectionOutbound, options.Flags.Direction)
		host, err := in.Interface(info.InterfaceIndex)
		require.NoError(t, err)
		all = append(all, packet{info.Timestamp.UTC(), host.Name, data, options.Comments})
	}
}

// handMade returns a trace of one packet.
func handMade() *trace.Trace {
	return &trace.Trace{
		Version: trace.Version,
		Hosts:   []trace.Host{{Name: "host", Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}}},
		Packets: []trace.Packet{{N: 1, From: "host", Bytes: []byte{0x45}}},
		Events:  []trace.Event{{Kind: trace.Send, Host: "host", Packet: 1}},
	}
}

// The labs, together, send every kind of packet, and have every kind of fault.
var labs = []struct {
	name string
	lab  func(*testing.T, ...netlab.Option) *trace.Trace
	opts []netlab.Option
}{
	{"TCP over a wire that loses, delays, doubles and corrupts", overTCP, nil},
	{"TCP over IPv6", overTCP, []netlab.Option{netlab.IPv6()}},
	{"TCP through a short queue", overTCP, []netlab.Option{netlab.Bandwidth(10_000_000), netlab.QueueLength(5)}},
	{"UDP, with ICMP port unreachable", overUDP, nil},
	{"UDP over IPv6, with ICMPv6 port unreachable", overUDP, []netlab.Option{netlab.IPv6()}},
}

// overTCP sends 100 KiB over a bad wire.
func overTCP(t *testing.T, opts ...netlab.Option) *trace.Trace {
	lab := netlab.New(opts...)
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("first", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Drop)
	lab.Fault("loss", lab.Chance(0.05), netlab.Drop)
	lab.Fault("slow", netlab.Nth(3, netlab.Data), netlab.Delay(5*time.Millisecond))
	lab.Fault("twice", netlab.Nth(5, netlab.Data), netlab.Duplicate(time.Millisecond))
	lab.Fault("noise", netlab.Nth(7, netlab.Data), netlab.Corrupt)

	ln, err := server.Listen("tcp", ":80")
	require.NoError(t, err)
	conn, err := client.Dial("tcp", "server:80")
	require.NoError(t, err)
	peer, err := ln.Accept()
	require.NoError(t, err)
	_, err = conn.Write(make([]byte, 100<<10))
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	n, err := io.Copy(io.Discard, peer)
	require.NoError(t, err)
	require.EqualValues(t, 100<<10, n)
	require.NoError(t, peer.Close())
	lab.Advance(2 * time.Minute)
	return lab.Trace()
}

// overUDP sends some, of even and odd length and empty, to a server and to
// a port where nobody is.
func overUDP(t *testing.T, opts ...netlab.Option) *trace.Trace {
	lab := netlab.New(opts...)
	defer lab.Close()
	client, server := lab.Host("client"), lab.Host("server")
	lab.Fault("loss", netlab.Number(2), netlab.Drop)
	_, err := server.ListenPacket("udp", ":7")
	require.NoError(t, err)
	for _, port := range []int{7, 9} {
		conn, err := client.Dial("udp", fmt.Sprintf("server:%d", port))
		require.NoError(t, err)
		for _, text := range []string{"even", "odd", "", "a longer one, which an ICMP message quotes"} {
			conn.Write([]byte(text)) // the error of a refused one comes with the next
			lab.Settle()
		}
	}
	return lab.Trace()
}
