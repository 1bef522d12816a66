// Package netlab puts any number of hosts, each with a real TCP/IP stack, on
// one network inside the process: every packet can be seen, lost, delayed or
// changed, time is virtual, and the same program always makes the same trace.
// It needs no privileges and works on every system, in a browser too.
//
// A complete program, in which the first SYN is lost:
//
//	package main
//
//	import (
//		"os"
//
//		"example.com/netlessons/netlab"
//		"example.com/netlessons/netlab/diagram"
//		"example.com/netlessons/netlab/trace"
//	)
//
//	func main() {
//		lab := netlab.New()
//		client, server := lab.Host("client"), lab.Host("server")
//		lab.Fault("lose the SYN", netlab.Nth(1, netlab.Flags(trace.SYN)), netlab.Drop)
//		server.Listen("tcp", ":80")
//		client.Dial("tcp", "server:80") // takes a second of virtual time
//		diagram.Text(os.Stdout, lab.Trace(), diagram.TextOptions{})
//	}
//
// # Two ways to use a lab
//
// In a script, one goroutine plays all the hosts. A call that has to wait, such
// as Dial, Accept or Read, runs the lab until it can return, and is an error
// ([ErrStuck]) when nothing can happen any more. [Lab.Advance] lets time pass.
//
// Ordinary concurrent programs run over a live lab, in tests by
// [example.com/netlessons/netlab/netlabtest.Run]: inside a bubble of
// testing/synctest, with the program's own timers and deadlines in the same
// virtual time. They need to know nothing of the lab: they get its listeners
// and connections, which are those of package net to them.
//
// # What is inside
//
//	program ── Dial, Read, Write ──► Host: a gVisor stack ─┐
//	                                                       ├─ wire ── faults
//	program ── Listen, Accept ─────► Host: a gVisor stack ─┘
//	                                        │
//	                                        └──► trace ──► diagram, pcapng, JSON
//
// The stacks are those of gVisor, as they run in production; the lab gives them
// its clock, its chance and its wire. After each packet and timer it waits until
// the stack has dealt with it: so one thing happens at a time, in one order.
package netlab
