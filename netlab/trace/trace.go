// Package trace is what a lab has seen: every packet, state and call, in
// order. A trace knows nothing of the lab that made it; renderers read traces
// and nothing else. [Trace.Write] writes it as JSON, which SCHEMA.md describes;
// [Version] counts the changes of that form.
package trace

import (
	"net/netip"
	"strings"
	"time"
)

// Version is the version of the JSON form. [Read] refuses any other.
const Version = 1

// Epoch is the time of day at which every trace begins.
var Epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// A Trace is all that happened in one lab.
type Trace struct {
	Version int      `json:"version"`
	Seed    uint64   `json:"seed"`
	Hosts   []Host   `json:"hosts"`
	Packets []Packet `json:"packets"` // packet number N is Packets[N-1]
	Events  []Event  `json:"events"`  // in the order in which they happened
}

// A Host is a column of the diagram.
type Host struct {
	Name  string       `json:"name"`
	Addrs []netip.Addr `json:"addrs"`
}

// Kind says what an [Event] is.
type Kind string

// The kinds of events, and the fields of Event that each uses besides At, Kind
// and Host.
const (
	Send    Kind = "send"    // Host puts Packet on the wire
	Deliver Kind = "deliver" // Packet reaches Host
	Drop    Kind = "drop"    // Packet is lost; Fault says by what. Host is its sender
	Faulted Kind = "fault"   // Fault does Detail to Packet, which still goes on
	State   Kind = "state"   // the end Local, Remote goes From a state To another
	Info    Kind = "info"    // what the end Local, Remote knows now, as TCP
	Call    Kind = "call"    // a program calls Op, with Detail
	Block   Kind = "block"   // the call has to wait
	Return  Kind = "return"  // the call returns, with Detail and Err
	Timer   Kind = "timer"   // a timer of Host's stack fires and has an effect; Detail names it
	Note    Kind = "note"    // Detail, added by the script
)

// An Event is one thing that happened.
type Event struct {
	At     time.Duration  `json:"at"` // nanoseconds since the lab began
	Kind   Kind           `json:"kind"`
	Host   string         `json:"host,omitempty"`
	Packet int            `json:"packet,omitempty"` // its number, from 1
	Local  netip.AddrPort `json:"local,omitzero"`
	Remote netip.AddrPort `json:"remote,omitzero"`
	From   string         `json:"from,omitempty"`
	To     string         `json:"to,omitempty"`
	TCP    *TCPInfo       `json:"tcp,omitempty"`
	Op     string         `json:"op,omitempty"`
	Detail string         `json:"detail,omitempty"`
	Err    string         `json:"err,omitempty"`
	Fault  string         `json:"fault,omitempty"`
}

// TCPInfo is what one end knows of its connection.
type TCPInfo struct {
	Cwnd     int           `json:"cwnd"`     // congestion window, in segments
	Ssthresh int           `json:"ssthresh"` // slow start threshold, in segments
	RTT      time.Duration `json:"rtt"`      // smoothed round trip time
	RTO      time.Duration `json:"rto"`      // retransmission timeout
	SendWnd  int           `json:"sendWnd"`  // bytes that the other end has last offered to take
	RecvWnd  int           `json:"recvWnd"`  // bytes that this end has last offered to take
}

// A Packet is one IP packet as its sender made it.
type Packet struct {
	N        int            `json:"n"`
	From     string         `json:"from"` // the sending host
	To       string         `json:"to"`   // the host that has its destination, "" if none has
	Src      netip.AddrPort `json:"src"`
	Dst      netip.AddrPort `json:"dst"`
	Protocol string         `json:"protocol"`         // "tcp", "udp", "icmp", "fragment" or "other"
	Length   int            `json:"length"`           // bytes of payload above TCP or UDP
	Flags    Flags          `json:"flags,omitempty"`  // TCP
	Seq      uint32         `json:"seq,omitempty"`    // TCP, relative to the sender's SYN
	Ack      uint32         `json:"ack,omitempty"`    // TCP, relative to the receiver's SYN
	Window   int            `json:"window,omitempty"` // TCP, in bytes, scaled
	Again    bool           `json:"again,omitempty"`  // TCP: carries what was sent before
	Bytes    []byte         `json:"bytes"`            // from the IP header on
}

// Flags are the control bits of a TCP segment. RFC 9293 section 3.1.
type Flags uint8

// The control bits.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// Has tells whether all of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// String names the flags that open, close or acknowledge, as "SYN, ACK". PSH
// and URG are left out.
func (f Flags) String() string {
	var names []string
	for _, flag := range []struct {
		bit  Flags
		name string
	}{{SYN, "SYN"}, {FIN, "FIN"}, {RST, "RST"}, {ACK, "ACK"}} {
		if f.Has(flag.bit) {
			names = append(names, flag.name)
		}
	}
	return strings.Join(names, ", ")
}

// PacketOf returns the packet of e, or nil.
func (t *Trace) PacketOf(e Event) *Packet {
	if e.Packet == 0 {
		return nil
	}
	return &t.Packets[e.Packet-1]
}
