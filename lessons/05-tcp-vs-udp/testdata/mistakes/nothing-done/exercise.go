// want: "Send put nothing on the wire; is the TODO still there?"
// zh: "Send 没有往线路上发任何东西：TODO 还没写吗？"

// Package exercise is lesson 5: what TCP does for you, done by hand over UDP.
// Datagrams may be lost, arrive twice, and overtake each other.
//
//	Send                        Receive
//	── 0 "one" ──────────────────────►   a message: its number, its text
//	◄──────────────────────────── 1 ──   an answer: the number wanted next
//	── 1 "two" ────────► lost
//	── 1 "two" ──────────────────────►   sent again after Patience
//	◄──────────────────────────── 2 ──
//	── 2 "" ─────────────────────────►   no text: that was all
//	◄──────────────────────────── 3 ──
package exercise

import (
	"encoding/binary"
	"net"
	"time"
)

// How long the two ends wait.
const (
	Patience = 100 * time.Millisecond // for an answer, before Send sends again
	GiveUp   = 10 * time.Second       // without a new answer, before Send gives up
	Linger   = 2 * time.Second        // after the end, in case Send has to say it again
)

// Pack makes a datagram: the number in four bytes, then the text. An answer is
// a number without text.
func Pack(number int, text string) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(number)), text...)
}

// Unpack takes a datagram apart.
func Unpack(datagram []byte) (number int, text string) {
	if len(datagram) < 4 {
		return -1, "" // not one of ours
	}
	return int(binary.BigEndian.Uint32(datagram)), string(datagram[4:])
}

// Send sends the messages, none of which is empty, and then the end. At most
// window of them are under way, which means: sent, and not answered. Send
// returns nil when all is answered, the end included, and an error that is
// os.ErrDeadlineExceeded when nothing new is answered for GiveUp.
func Send(conn net.Conn, messages []string, window int) error {
	return nil
}

// Receive returns the messages in their order, each once, when it has them all
// and Send has had Linger to say the end again. What comes early it keeps. It
// returns the errors of conn.
func Receive(conn net.PacketConn) ([]string, error) {
	return nil, nil
}
