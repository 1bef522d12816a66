// want: "what means nothing in a state leaves it; only RST, the last ACK and 2 MSL end in CLOSED"
// zh: "对某个状态没有意义的事件不改变它；只有 RST、最后一个 ACK 和 2 MSL 才会到 CLOSED"

// Package exercise is lesson 4: the states of one end of a TCP connection. Say
// for each state and event which state comes next. The check lets two real TCP
// stacks connect and close in several ways, and follows each end with what you
// say.
package exercise

// A State is a state of one end, as the notes spell it.
type State string

// The states of the notes' four paths, and CLOSING, which they leave out. An
// end in Listen stands for the listener and for what becomes of one SYN that
// comes to it.
const (
	Closed      State = "CLOSED"
	Listen      State = "LISTEN"
	SynSent     State = "SYN_SENT"
	SynRcvd     State = "SYN_RCVD"
	Established State = "ESTABLISHED"
	FinWait1    State = "FIN_WAIT_1"
	FinWait2    State = "FIN_WAIT_2"
	Closing     State = "CLOSING"
	TimeWait    State = "TIME_WAIT"
	CloseWait   State = "CLOSE_WAIT"
	LastAck     State = "LAST_ACK"
)

// An Event is what happens to an end.
type Event string

// The program's calls, the packets that come, and a timer. Every packet but the
// first bears an ACK; here an ACK counts when it acknowledges this end's SYN or
// FIN for the first time. So FINandACK is a packet that brings the peer's FIN
// and the first ACK of this end's own FIN, and FIN one that brings only the FIN.
const (
	CallListen Event = "Listen is called"
	CallDial   Event = "Dial is called"
	CallClose  Event = "Close or CloseWrite is called"
	SYN        Event = "a SYN comes"
	SYNandACK  Event = "a SYN+ACK comes"
	ACKofSYN   Event = "an ACK of its SYN comes"
	ACKofFIN   Event = "an ACK of its FIN comes"
	FIN        Event = "a FIN comes"
	FINandACK  Event = "a FIN comes that acknowledges its own FIN"
	DataOrACK  Event = "data comes, or any other ACK"
	RST        Event = "an RST comes"
	After2MSL  Event = "2 MSL are over"
)

// next is RFC 9293 figure 5 by state and event, as far as the paths and CLOSING
// go, and what an RST does.
var next = map[State]map[Event]State{
	// Path 1: active open. Path 3: passive open.
	Closed:  {CallDial: SynSent, CallListen: Listen},
	SynSent: {SYNandACK: Established, RST: Closed},
	Listen:  {SYN: SynRcvd},
	SynRcvd: {ACKofSYN: Established, RST: Listen},

	// Who closes first takes path 2, the other one path 4.
	Established: {CallClose: FinWait1, FIN: CloseWait, RST: Closed},

	// Path 2: active close. Two things are still to come, in any order: the ACK
	// of the own FIN, and the peer's FIN.
	FinWait1: {ACKofFIN: FinWait2, FIN: Closing, FINandACK: TimeWait, RST: Closed},
	FinWait2: {FIN: TimeWait, FINandACK: TimeWait, RST: Closed},
	Closing:  {ACKofFIN: TimeWait, RST: Closed},
	TimeWait: {After2MSL: Closed},

	// Path 4: passive close. Nothing moves until the program calls Close.
	CloseWait: {CallClose: LastAck, RST: Closed},
	LastAck:   {ACKofFIN: Closed, RST: Closed},
}

// Next returns the state that an end in state s is in after event e. What means
// nothing in a state leaves it. Notes [states].
func Next(s State, e Event) State {
	to, ok := next[s][e]
	if !ok {
		return Closed
	}
	return to
}
