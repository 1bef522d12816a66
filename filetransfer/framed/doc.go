// Package framed sends files, folders and links over one connection so that
// both sides know what became of each. Each frame carries a checksum, each file
// a digest, and a file has its name only when it is whole. PROTOCOL.md has the
// layout of everything.
//
//	sender                                  receiver
//	  │ ── hello ─────────────────────────────► │
//	  │ ◄───────────────────────────── hello ── │  nobody waits for it
//	  │ ── header a.txt, data, end ───────────► │  small: all at once
//	  │ ── header big.iso ────────────────────► │  large: what is there already?
//	  │ ◄──────────────── answer a.txt saved ── │
//	  │ ◄──── answer big.iso, go on from 7 M ── │  and the digest of those 7 M
//	  │ ── data, data, data … end ────────────► │
//	  │ ◄─────────────────── answer progress ── │
//	  │ ◄────────────── answer big.iso saved ── │
//	  │ ── quit ──────────────────────────────► │
//	  │ ◄────────────────────────────── quit ── │
//
// Read receive.go and send.go for the conversation, arrival.go for a large file
// on its way in, store.go for how a file gets its name, wire.go and message.go
// for the bytes.
//
// A [Receiver] also takes senders that speak the protocol of the notes, package
// filetransfer, and knows them by their first byte.
package framed
