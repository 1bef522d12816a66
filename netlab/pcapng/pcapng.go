// Package pcapng writes a trace as a capture file, to be opened in Wireshark.
//
// Each host is an interface, of raw IP, with the host's name. Each packet is in
// the file once, on its sender's interface, at the time and with the bytes that
// it was sent with. What befell it on the wire is a comment (in Wireshark's
// filter language frame.comment):
//
//	dropped: loss               by the fault "loss", or because of a full queue
//	fault: slow, later by 5ms   it arrived, but not as it was sent
package pcapng

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"example.com/netlessons/netlab/trace"
)

// Write writes the packets of t to w. Times are to the nanosecond, from
// 2000-01-01 00:00 UTC on. One trace always makes the same file. It returns an
// error if t has no host, or packets that no event of kind [trace.Send] sends.
func Write(w io.Writer, t *trace.Trace) error {
	if err := write(w, t); err != nil {
		return fmt.Errorf("write pcapng: %w", err)
	}
	return nil
}

func write(w io.Writer, t *trace.Trace) error {
	out, byName, err := begin(w, t)
	if err != nil {
		return err
	}
	sent, comments := fates(t)
	for _, p := range t.Packets {
		at, ok := sent[p.N]
		if !ok {
			return fmt.Errorf("packet %d has no time; add the event that sends it", p.N)
		}
		host, ok := byName[p.From]
		if !ok {
			return fmt.Errorf("packet %d is from %q; add that host to the trace", p.N, p.From)
		}
		err := out.WritePacketWithOptions(gopacket.CaptureInfo{
			Timestamp:      trace.Epoch.Add(at),
			CaptureLength:  len(p.Bytes),
			Length:         len(p.Bytes),
			InterfaceIndex: host,
		}, p.Bytes, pcapgo.NgPacketOptions{
			Comments: comments[p.N],
			Flags:    &pcapgo.NgEpbFlags{Direction: pcapgo.NgEpbFlagDirectionOutbound},
		})
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// begin writes all that precedes the packets, and returns the interface of each
// host.
func begin(w io.Writer, t *trace.Trace) (out *pcapgo.NgWriter, byName map[string]int, err error) {
	if len(t.Hosts) == 0 {
		return nil, nil, errors.New("the trace has no hosts; add one to the lab")
	}
	byName = map[string]int{}
	for i, h := range t.Hosts {
		byName[h.Name] = i
		link := pcapgo.NgInterface{Name: h.Name, Description: list(h.Addrs), LinkType: layers.LinkTypeRaw}
		if i > 0 {
			_, err = out.AddInterface(link)
		} else {
			out, err = pcapgo.NewNgWriterInterface(w, link, pcapgo.NgWriterOptions{
				SectionInfo: pcapgo.NgSectionInfo{Application: "netlab", Comment: fmt.Sprintf("seed %d", t.Seed)},
			})
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return out, byName, nil
}

// fates returns when each packet was sent, and what befell it.
func fates(t *trace.Trace) (sent map[int]time.Duration, comments map[int][]string) {
	sent, comments = map[int]time.Duration{}, map[int][]string{}
	for _, e := range t.Events {
		switch e.Kind {
		case trace.Send:
			sent[e.Packet] = e.At
		case trace.Drop:
			comments[e.Packet] = append(comments[e.Packet], "dropped: "+e.Fault)
		case trace.Faulted:
			comments[e.Packet] = append(comments[e.Packet], "fault: "+e.Fault+", "+e.Detail)
		}
	}
	return sent, comments
}

func list(addrs []netip.Addr) string {
	var texts []string
	for _, a := range addrs {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", ")
}
