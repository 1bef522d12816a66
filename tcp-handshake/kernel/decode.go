package kernel

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"example.com/netlessons/netlab/trace"
)

// A decoder reads packets, in the order in which they were sent.
type decoder map[flow]*numbers

// A flow is one direction of a connection; numbers is what its sender has said.
type flow struct{ src, dst netip.AddrPort }

type numbers struct {
	isn   uint32 // of its SYN
	next  uint32 // the highest sequence number sent, relative
	scale int    // window scale; the factor is 1 << scale
}

// decode reads an IPv4 packet that holds a TCP segment, and fills in the
// segment's checksum. Its numbers become relative to the two SYNs.
func (d decoder) decode(packet []byte) (trace.Packet, error) {
	var ip layers.IPv4
	var tcp layers.TCP
	if err := ip.DecodeFromBytes(packet, gopacket.NilDecodeFeedback); err != nil {
		return trace.Packet{}, fmt.Errorf("decode IPv4: %w", err)
	}
	if err := tcp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback); err != nil {
		return trace.Packet{}, fmt.Errorf("decode TCP: %w", err)
	}
	if err := fillChecksum(&ip); err != nil {
		return trace.Packet{}, err
	}
	src, _ := netip.AddrFromSlice(ip.SrcIP)
	dst, _ := netip.AddrFromSlice(ip.DstIP)
	p := trace.Packet{
		Src:      netip.AddrPortFrom(src, uint16(tcp.SrcPort)),
		Dst:      netip.AddrPortFrom(dst, uint16(tcp.DstPort)),
		Protocol: "tcp",
		Length:   len(tcp.Payload),
		Flags:    trace.Flags(ip.Payload[13]) & (trace.FIN | trace.SYN | trace.RST | trace.PSH | trace.ACK | trace.URG),
		Bytes:    packet,
	}
	d.relate(&p, &tcp)
	return p, nil
}

// relate sets what follows from the packets before p.
func (d decoder) relate(p *trace.Packet, tcp *layers.TCP) {
	out, back := d.numbers(flow{p.Src, p.Dst}), d.numbers(flow{p.Dst, p.Src})
	p.Window = int(tcp.Window) << out.scale
	if p.Flags.Has(trace.SYN) {
		if out.isn != tcp.Seq { // the first SYN, or these ports are used again
			*out = numbers{isn: tcp.Seq}
		}
		p.Window = int(tcp.Window) // never scaled
		scale, offered := windowScale(tcp)
		out.scale = scale
		if p.Flags.Has(trace.ACK) && !offered {
			back.scale = 0 // both ends scale, or none does
		}
	}
	p.Seq = tcp.Seq - out.isn
	if p.Flags.Has(trace.ACK) {
		p.Ack = tcp.Ack - back.isn
	}
	end := p.Seq + uint32(p.Length)
	if p.Flags&(trace.SYN|trace.FIN) != 0 {
		end++
	}
	p.Again = end != p.Seq && int32(out.next-end) >= 0
	if int32(end-out.next) > 0 && !p.Flags.Has(trace.RST) {
		out.next = end
	}
}

func (d decoder) numbers(f flow) *numbers {
	n := d[f]
	if n == nil {
		n = &numbers{}
		d[f] = n
	}
	return n
}

// windowScale returns the window scale option of a SYN. RFC 7323 section 2.2.
func windowScale(tcp *layers.TCP) (scale int, offered bool) {
	for _, o := range tcp.Options {
		if o.OptionType == layers.TCPOptionKindWindowScale && len(o.OptionData) == 1 {
			return min(int(o.OptionData[0]), 14), true
		}
	}
	return 0, false
}

// fillChecksum computes the checksum of the segment in ip. On its loopback the
// kernel leaves that to a network card that is not there.
func fillChecksum(ip *layers.IPv4) error {
	const at = 16 // RFC 9293 section 3.1
	field := ip.Payload[at : at+2]
	binary.BigEndian.PutUint16(field, 0)
	var tcp layers.TCP
	if err := tcp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback); err != nil {
		return fmt.Errorf("decode TCP: %w", err)
	}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		return fmt.Errorf("compute the checksum: %w", err)
	}
	sum, err := tcp.ComputeChecksum()
	if err != nil {
		return fmt.Errorf("compute the checksum: %w", err)
	}
	binary.BigEndian.PutUint16(field, sum)
	return nil
}
