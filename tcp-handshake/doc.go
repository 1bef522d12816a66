// Package tcphandshake is a TCP server that sends back what it hears, and a
// client for it: the smallest pair that goes through a whole connection.
// Notes [handshake], [teardown] and [states].
//
//	client                                   server
//	Dial      ── SYN ──────────────────────►         Listen
//	          ◄───────────────── SYN, ACK ──
//	          ── ACK ──────────────────────►         Accept
//	Write     ── data ─────────────────────►         Read
//	Read      ◄────────────────────── data ──        Write
//	CloseWrite── FIN ──────────────────────►         Read returns io.EOF
//	          ◄─────────────────────── ACK ──
//	Read: EOF ◄─────────────────────── FIN ──        Close
//	Close     ── ACK ──────────────────────►
//
// The operating system does the handshake and the teardown; the calls only
// ask for them. Command demo shows both ends' states at each call.
package tcphandshake
