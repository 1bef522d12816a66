package diagram

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/netlessons/netlab/trace"
)

// A form is how much a label tells of a TCP segment. Each form leaves out more.
type form int

const (
	full     form = iota
	noWindow      // but for SYNs and mere acknowledgements
	noSeq         // of mere acknowledgements
	noAck         // of segments with data
)

// label names a packet. Connections are told apart by the port of the end that
// spoke first, if there is more than one.
func (s *sequence) label(p *trace.Packet, f form) string {
	var l strings.Builder
	if len(s.flows) > 1 {
		if name := s.flows[flowOf(p.Protocol, p.Src, p.Dst)]; name != "" {
			l.WriteString(name + " ")
		}
	}
	switch p.Protocol {
	case "tcp":
		merely := p.Length == 0 && p.Flags == trace.ACK
		if p.Again {
			l.WriteString("again ")
		}
		l.WriteString(cmp.Or(strings.ReplaceAll(p.Flags.String(), ", ", "+"), "no flags"))
		if f < noSeq || !merely {
			fmt.Fprintf(&l, " seq=%d", p.Seq)
		}
		if p.Flags.Has(trace.ACK) && (f < noAck || p.Length == 0) {
			fmt.Fprintf(&l, " ack=%d", p.Ack)
		}
		if !p.Flags.Has(trace.RST) && (f < noWindow || merely || p.Flags.Has(trace.SYN)) {
			fmt.Fprintf(&l, " win=%d", p.Window)
		}
		if p.Length > 0 {
			fmt.Fprintf(&l, " len=%d", p.Length)
		}
	case "icmp":
		l.WriteString("ICMP " + icmpMessage(p.Bytes))
	default:
		fmt.Fprintf(&l, "%s len=%d", strings.ToUpper(p.Protocol), p.Length)
	}
	return l.String()
}

// icmpMessage names the ICMP message in an IP packet. RFC 792 and RFC 4443.
func icmpMessage(ip []byte) string {
	names := map[[2]byte]string{{0, 0}: "echo reply", {8, 0}: "echo request", {3, 1}: "host unreachable", {3, 3}: "port unreachable", {3, 4}: "packet too big", {11, 0}: "time exceeded"}
	header := 0
	if len(ip) > 0 {
		header = int(ip[0]&0xf) * 4
		if ip[0]>>4 == 6 {
			names = map[[2]byte]string{{129, 0}: "echo reply", {128, 0}: "echo request", {1, 3}: "host unreachable", {1, 4}: "port unreachable", {2, 0}: "packet too big", {3, 0}: "time exceeded"}
			header = 40
		}
	}
	if len(ip) < header+2 {
		return "message"
	}
	is := [2]byte{ip[header], ip[header+1]}
	if name := names[is]; name != "" {
		return name
	}
	return fmt.Sprintf("type %d code %d", is[0], is[1])
}
