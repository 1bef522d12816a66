// Package exercise is lesson 4: the states of one end of a TCP connection. Say
// for each state and event which state comes next. The check lets two real TCP
// stacks connect and close in several ways, and follows each end with what you
// say. Fill in what says TODO.
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

// Next returns the state that an end in state s is in after event e. What means
// nothing in a state leaves it. Notes [states].
func Next(s State, e Event) State {
	switch s {
	case Closed:
		switch e {
		case CallDial:
			return SynSent
		}
	}
	// TODO: the other states: paths 1 to 4, and CLOSING.
	return s
}
