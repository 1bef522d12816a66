package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/netlessons/netlab/trace"
)

// The numbers of the pcapng format. draft-ietf-opsawg-pcapng sections 4.1 to 4.3.
const (
	sectionHeader, interfaceDescription, enhancedPacket = 0x0A0D0D0A, 1, 6

	optComment                   = 1
	shbApplication               = 4
	ifName, ifDescription        = 2, 3
	ifTSResolution               = 9
	epbFlags                     = 2
	linkTypeRaw                  = 101
	nanoseconds                  = 9
	outbound                     = 2
	byteOrder                    = 0x1A2B3C4D
	unknownLength         uint64 = 1<<64 - 1
)

// writePcapng writes t as a capture file with the same packets, times and
// comments as netlab/pcapng does, which a page cannot afford: the library
// behind it knows hundreds of protocols, in 0.7 MB.
func writePcapng(w io.Writer, t *trace.Trace) error {
	var out []byte
	header := u32(nil, byteOrder, 1, 1<<32-1, 1<<32-1) // version 1.0; how long the section is nobody says
	header = option(header, optComment, fmt.Appendf(nil, "seed %d", t.Seed))
	out = block(out, sectionHeader, option(header, shbApplication, []byte("netlab")))
	index := map[string]uint32{}
	for i, h := range t.Hosts {
		index[h.Name] = uint32(i)
		var addrs []string
		for _, a := range h.Addrs {
			addrs = append(addrs, a.String())
		}
		body := u32(nil, linkTypeRaw, 0) // packets of any length
		body = option(body, ifName, []byte(h.Name))
		body = option(body, ifDescription, []byte(strings.Join(addrs, ", ")))
		out = block(out, interfaceDescription, option(body, ifTSResolution, []byte{nanoseconds}))
	}
	sent, comments := map[int]time.Duration{}, map[int][]string{}
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
	for _, p := range t.Packets {
		at, size := uint64(trace.Epoch.Add(sent[p.N]).UnixNano()), uint32(len(p.Bytes))
		body := u32(nil, index[p.From], uint32(at>>32), uint32(at), size, size)
		body = pad(append(body, p.Bytes...))
		for _, c := range comments[p.N] {
			body = option(body, optComment, []byte(c))
		}
		out = block(out, enhancedPacket, option(body, epbFlags, u32(nil, outbound)))
	}
	_, err := w.Write(out)
	return err
}

// block appends a block: its type and length, its body and the end of its
// options, and its length again.
func block(out []byte, kind uint32, body []byte) []byte {
	body = u32(body, 0)
	length := uint32(len(body) + 12)
	return u32(append(u32(out, kind, length), body...), length)
}

func option(body []byte, code uint16, value []byte) []byte {
	body = binary.LittleEndian.AppendUint16(body, code)
	body = binary.LittleEndian.AppendUint16(body, uint16(len(value)))
	return pad(append(body, value...))
}

func pad(b []byte) []byte { return append(b, make([]byte, -len(b)&3)...) }

// u32 appends numbers of 4 bytes, the least byte first.
func u32(b []byte, numbers ...uint32) []byte {
	for _, n := range numbers {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}
