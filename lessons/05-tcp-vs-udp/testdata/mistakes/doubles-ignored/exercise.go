// want: "Receive does not answer what it has already"
// zh: "已经收过的数据报，Receive 就不再应答：可是上次的应答也许丢了，Send 正等着"

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
	"errors"
	"net"
	"os"
	"slices"
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
	all := append(slices.Clone(messages), "") // the end has a number too
	first, next := 0, 0                       // not answered yet; to be sent next
	progress := time.Now()
	buf := make([]byte, 1500)
	for first < len(all) {
		for ; next < min(first+window, len(all)); next++ {
			if _, err := conn.Write(Pack(next, all[next])); err != nil {
				return err
			}
		}
		if err := conn.SetReadDeadline(time.Now().Add(Patience)); err != nil {
			return err
		}
		n, err := conn.Read(buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && time.Since(progress) < GiveUp:
			next = first // something was lost: send all again that is not answered
		case err != nil:
			return err
		default:
			// One answer speaks for all messages before its number, so a lost one
			// does no harm. One that was overtaken says less than is known: ignored.
			if wanted, _ := Unpack(buf[:n]); wanted > first {
				first, progress = wanted, time.Now()
			}
		}
	}
	return nil
}

// Receive returns the messages in their order, each once, when it has them all
// and Send has had Linger to say the end again. What comes early it keeps. It
// returns the errors of conn.
func Receive(conn net.PacketConn) ([]string, error) {
	var all []string          // in their order, the end last
	early := map[int]string{} // what has overtaken others, by number
	ended := false
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if ended && errors.Is(err, os.ErrDeadlineExceeded) {
			return all[:len(all)-1], nil
		}
		if err != nil {
			return nil, err
		}
		number, text := Unpack(buf[:n])
		if number < len(all) {
			continue // a double
		}
		early[number] = text
		for text, ok := early[len(all)]; ok; text, ok = early[len(all)] {
			all = append(all, text)
			ended = text == ""
		}
		if _, err := conn.WriteTo(Pack(len(all), ""), from); err != nil {
			return nil, err
		}
		if ended { // stay, as TCP does in TIME-WAIT: this answer may be lost
			if err := conn.SetReadDeadline(time.Now().Add(Linger)); err != nil {
				return nil, err
			}
		}
	}
}
