// Package udpecho is a UDP server that answers every datagram with the same
// bytes, and a client for it. Notes [udp-server] and [udp-client].
//
//	client A ── "A1" ──►┐            ┌──► "A1" ── client A
//	client B ── "B1" ──►│ one socket │──► "B1" ── client B
//	client C ── ""   ──►┘            └──► ""   ── client C
//
// There is no connection and no Accept. One socket serves every client,
// because each datagram carries the address of its sender; that is what the
// notes mean by "a UDP server supports concurrency by default". A goroutine
// for each datagram is not needed.
//
// A datagram arrives whole or not at all. It may be empty, which is not the
// end of anything. It may be lost, arrive twice or late, and nobody says so:
// a client needs a deadline.
package udpecho
