// Package filetransfer sends files over TCP, one connection for each, by the
// protocol of the notes, and works with programs that others wrote from them.
// Notes [send] and [receive].
//
//	sender                         receiver
//	  │ ── "report.txt" ────────────► │  a bare name, no folders; nothing marks its end
//	  │ ◄──────────────────── "ok" ── │  the file could be created
//	  │ ── content ─────────────────► │  written under a temporary name
//	  │ ── end of stream ───────────► │  the file gets its name
//	  │ ◄─────────── end of stream ── │  the sender knows
//
// After "ok" the receiver never writes. A sender from the notes would close
// with that unread, and its system would then reset the connection and lose
// the last of the content. So bad news travels as a reset, in both directions.
//
// The receiver keeps to one folder and overwrites nothing: where report.txt
// exists, the new file becomes "report (1).txt".
//
// Some losses cannot be seen in this protocol, because it says neither where
// the name ends nor how long the content is. If name and content arrive in one
// read, together they may look like a name. If a sender is killed, its system
// ends the stream for it, and half a file looks whole. Package framed has a
// protocol without these.
package filetransfer
