package kernel

import (
	"net"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"

	"example.com/netlessons/netlab/trace"
)

func TestNumbersCountFromTheSYNAndWindowsAreScaled(t *testing.T) {
	const clientISN, serverISN = 0xfffffffe, 7000 // the client's numbers begin anew after 2 more bytes
	scale := func(n byte) []layers.TCPOption {
		return []layers.TCPOption{{OptionType: layers.TCPOptionKindWindowScale, OptionLength: 3, OptionData: []byte{n}}}
	}
	d := decoder{}
	for i, tt := range []struct {
		name    string
		client  bool
		segment layers.TCP
		payload string
		want    trace.Packet
	}{
		{"a SYN is number 0, and its window is never scaled", true,
			layers.TCP{SYN: true, Seq: clientISN, Window: 100, Options: scale(2)}, "",
			trace.Packet{Flags: trace.SYN, Window: 100}},
		{"an acknowledgement counts from the other SYN", false,
			layers.TCP{SYN: true, ACK: true, Seq: serverISN, Ack: clientISN + 1, Window: 100, Options: scale(3)}, "",
			trace.Packet{Flags: trace.SYN | trace.ACK, Ack: 1, Window: 100}},
		{"the window is scaled as its end has said", true,
			layers.TCP{ACK: true, Seq: clientISN + 1, Ack: serverISN + 1, Window: 100}, "",
			trace.Packet{Flags: trace.ACK, Seq: 1, Ack: 1, Window: 400}},
		{"the other end has its own scale", false,
			layers.TCP{ACK: true, Seq: serverISN + 1, Ack: clientISN + 1, Window: 100}, "",
			trace.Packet{Flags: trace.ACK, Seq: 1, Ack: 1, Window: 800}},
		{"data", true,
			layers.TCP{ACK: true, PSH: true, Seq: clientISN + 1, Ack: serverISN + 1}, "hello",
			trace.Packet{Flags: trace.ACK | trace.PSH, Seq: 1, Ack: 1, Length: 5}},
		{"data again", true,
			layers.TCP{ACK: true, PSH: true, Seq: clientISN + 1, Ack: serverISN + 1}, "hello",
			trace.Packet{Flags: trace.ACK | trace.PSH, Seq: 1, Ack: 1, Length: 5, Again: true}},
		{"more data, after the numbers have begun anew", true,
			layers.TCP{ACK: true, Seq: 4, Ack: serverISN + 1}, "!",
			trace.Packet{Flags: trace.ACK, Seq: 6, Ack: 1, Length: 1}},
		{"a FIN is a number too", true,
			layers.TCP{FIN: true, ACK: true, Seq: 5, Ack: serverISN + 1}, "",
			trace.Packet{Flags: trace.FIN | trace.ACK, Seq: 7, Ack: 1}},
		{"a FIN again", true,
			layers.TCP{FIN: true, ACK: true, Seq: 5, Ack: serverISN + 1}, "",
			trace.Packet{Flags: trace.FIN | trace.ACK, Seq: 7, Ack: 1, Again: true}},
		{"a SYN of a later connection with the same ports counts anew", true,
			layers.TCP{SYN: true, Seq: 12345, Window: 100, Options: scale(2)}, "",
			trace.Packet{Flags: trace.SYN, Window: 100}},
		{"one end does not scale", false,
			layers.TCP{SYN: true, ACK: true, Seq: 54321, Ack: 12346, Window: 100}, "",
			trace.Packet{Flags: trace.SYN | trace.ACK, Ack: 1, Window: 100}},
		{"so the other does not, either", true,
			layers.TCP{ACK: true, Seq: 12346, Ack: 54322, Window: 100}, "",
			trace.Packet{Flags: trace.ACK, Seq: 1, Ack: 1, Window: 100}},
	} {
		p, err := d.decode(packetOf(t, tt.client, tt.segment, tt.payload))
		require.NoError(t, err)
		tt.want.Protocol = "tcp"
		if diff := cmp.Diff(tt.want, p, cmpopts.IgnoreFields(trace.Packet{}, "Src", "Dst", "Bytes")); diff != "" {
			t.Errorf("segment %d, %s (-want +got):\n%s", i, tt.name, diff)
		}
		require.Equal(t, uint16(0xffff), checksum(p.Bytes), "the checksum is filled in")
	}
}

func TestWhatIsCutOffIsAnError(t *testing.T) {
	whole := packetOf(t, true, layers.TCP{SYN: true}, "")
	for _, n := range []int{0, 10, 30} {
		_, err := decoder{}.decode(whole[:n])
		require.Error(t, err)
	}
}

// packetOf makes a packet as the kernel shows it: without a checksum of TCP.
func packetOf(t *testing.T, fromClient bool, tcp layers.TCP, payload string) []byte {
	t.Helper()
	ip := layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: net.IPv4(127, 0, 0, 1), DstIP: net.IPv4(127, 0, 0, 2)}
	tcp.SrcPort, tcp.DstPort = 50000, 80
	if !fromClient {
		ip.SrcIP, ip.DstIP = ip.DstIP, ip.SrcIP
		tcp.SrcPort, tcp.DstPort = tcp.DstPort, tcp.SrcPort
	}
	tcp.Checksum = 0xbad
	inner := gopacket.NewSerializeBuffer()
	fix := gopacket.SerializeOptions{FixLengths: true}
	require.NoError(t, gopacket.SerializeLayers(inner, fix, &tcp, gopacket.Payload(payload)))
	out := gopacket.NewSerializeBuffer()
	require.NoError(t, gopacket.SerializeLayers(out, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &ip, gopacket.Payload(inner.Bytes())))
	return out.Bytes()
}

// checksum sums a TCP segment and its pseudo header up, with the checksum in it:
// all bits are set if that is good. RFC 9293 section 3.1, RFC 1071.
func checksum(packet []byte) uint16 {
	header := int(packet[0]&0xf) * 4
	tcp := packet[header:]
	sum := uint32(layers.IPProtocolTCP) + uint32(len(tcp))
	for i, b := range append(packet[12:20:20], tcp...) {
		if i%2 == 0 {
			sum += uint32(b) << 8
		} else {
			sum += uint32(b)
		}
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return uint16(sum)
}
