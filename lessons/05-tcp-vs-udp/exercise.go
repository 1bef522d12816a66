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
//
// Begin with Send for a window of 1, which is called stop-and-wait. Then let
// several messages be under way at once. Fill in what says TODO.
package exercise

import (
	"encoding/binary"
	"errors"
	"net"
	"time"
)

var errTODO = errors.New("TODO: still to be written")

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
	// TODO: send a message: conn.Write(Pack(number, text)).
	// TODO: wait for an answer, but not longer than Patience. What if none comes?
	// TODO: an answer may come twice, or late. What does its number tell you?
	// TODO: let up to window messages be under way, instead of one.
	return errTODO
}

// Receive returns the messages in their order, each once, when it has them all
// and Send has had Linger to say the end again. What comes early it keeps. It
// returns the errors of conn.
func Receive(conn net.PacketConn) ([]string, error) {
	// TODO: read a datagram, and learn who sent it. Is it the one wanted next? Or
	// one that came early, or twice?
	// TODO: answer, whatever came: Send may not know what you have.
	// TODO: is the end reached? If your last answer is lost, Send will ask again.
	return nil, errTODO
}
