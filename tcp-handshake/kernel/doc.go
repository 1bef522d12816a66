// Package kernel runs a conversation over the loopback of the Linux kernel and
// returns what was seen as a trace, of the same form as that of a lab of
// package netlab: so the two can be laid side by side, and the kernel is the
// witness that the lab tells the truth.
//
//	talk ── Dial, Read, Write ──► Host ─┐ package net           ┌── packets, captured
//	                                    ├─ kernel ── loopback ──┤
//	talk ── Listen, Accept ─────► Host ─┘                       └── /proc/net/tcp
//
// # What is the kernel's, and what is not
//
// Packets and their times are what the kernel shows of its loopback: each one
// when it is sent, and again when it comes in. Only checksums are filled in,
// which the kernel leaves to a network card; it leaves cutting up a long Write
// to one as well, so that a packet may be longer than a wire would take.
//
// States are read from the kernel's table, before each call that sends and at
// the end. The reading tells which state it is, and the packets tell since when:
// the state stands at the last one before the reading that can have brought it
// about. A state that begins and ends between two readings is not seen. So
// SYN-SENT, SYN-RECEIVED, FIN-WAIT-1, CLOSING and LAST-ACK are rarely seen: they
// last while a packet is under way, and loopback takes no time.
//
// One call that sends comes after the other: each waits until the kernel has
// come to rest and all is acknowledged, for 300 ms at most. A program left alone
// can be faster than a delayed acknowledgement (RFC 9293 section 3.8.6.3), which
// then travels on its answer. So do not measure speed here, nor fill windows.
//
// # The rights that it takes
//
// Only a privileged program may capture packets. [Reexec] starts the program
// again in a private network, where every user has that right.
package kernel
