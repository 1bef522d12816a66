// want: "without the ACK the server is not connected: Accept waits until SYN+ACK was sent again and answered"
// zh: "没有收到 ACK，服务器就没有建立连接：要等 SYN+ACK 重发并得到应答，Accept 才返回"

// Package exercise is lesson 1: predict a handshake. Before any packet is sent,
// say which packets there will be, which numbers they bear, which states the
// two ends are in, and when Dial and Accept return. The check then lets two
// real TCP stacks do it, and lays the two side by side.
package exercise

import "time"

// A State is a state of one end, as RFC 9293 spells it.
type State string

// The states that you need here. The server's end is in Listen until a SYN has
// come for it.
const (
	Listen      State = "LISTEN"
	SynSent     State = "SYN-SENT"
	SynReceived State = "SYN-RECEIVED"
	Established State = "ESTABLISHED"
)

// A Packet is one packet of the handshake, lost ones too.
type Packet struct {
	From   string // "client" or "server"
	Flags  string // "SYN", "SYN+ACK" or "ACK"
	Seq    uint32 // the number that it bears
	Ack    uint32 // the number that it acknowledges; 0 without ACK
	Client State  // of the client, when the packet has arrived or was lost
	Server State  // of the server, then
}

// A Prediction is all that you say beforehand.
type Prediction struct {
	Packets []Packet      // in the order in which they are sent
	Dial    time.Duration // when Dial returns, after it was called
	Accept  time.Duration // when Accept returns, after Dial was called
}

// SYNTimer is how long an end waits for an answer to its SYN before it sends
// it again (RFC 6298 section 2.1). A SYN+ACK is a SYN too.
const SYNTimer = time.Second

// Quiet predicts a handshake in which nothing is lost. c is the number that the
// client chooses to begin with, and s the server's. A packet is under way for
// latency. Notes [handshake] steps 1 to 3.
func Quiet(c, s uint32, latency time.Duration) Prediction {
	return Prediction{
		Packets: []Packet{
			// A SYN takes up one number, though it carries no byte: it is
			// answered with c+1, and what follows it bears c+1.
			{"client", "SYN", c, 0, SynSent, SynReceived},
			{"server", "SYN+ACK", s, c + 1, Established, SynReceived},
			{"client", "ACK", c + 1, s + 1, Established, Established},
		},
		Dial:   2 * latency, // there and back: the last ACK is only just sent
		Accept: 3 * latency,
	}
}

// LostSYN predicts a handshake whose first packet is lost.
func LostSYN(c, s uint32, latency time.Duration) Prediction {
	// Only the client knows of the SYN: its timer sends it again, with the same
	// number, and all goes on as if it had begun then.
	p := Quiet(c, s, latency)
	lost := Packet{"client", "SYN", c, 0, SynSent, Listen}
	p.Packets = append([]Packet{lost}, p.Packets...)
	p.Dial += SYNTimer
	p.Accept += SYNTimer
	return p
}

// LostACK predicts a handshake whose third packet, the client's ACK, is lost.
// Nobody sends any data.
func LostACK(c, s uint32, latency time.Duration) Prediction {
	return Prediction{
		Packets: []Packet{
			{"client", "SYN", c, 0, SynSent, SynReceived},
			{"server", "SYN+ACK", s, c + 1, Established, SynReceived},
			{"client", "ACK", c + 1, s + 1, Established, SynReceived}, // lost
			// An ACK is not acknowledged, so the client never misses it. The
			// server does: its SYN has no answer.
			{"server", "SYN+ACK", s, c + 1, Established, SynReceived},
			{"client", "ACK", c + 1, s + 1, Established, Established},
		},
		Dial:   2 * latency,
		Accept: 3 * latency,
	}
}
