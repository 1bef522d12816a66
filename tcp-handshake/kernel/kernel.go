package kernel

import (
	"context"
	"errors"
	"net"

	"example.com/netlessons/netlab/trace"
)

// ErrForbidden is the error where the system lets the program neither capture
// packets nor have a network of its own.
var ErrForbidden = errors.New("the system forbids it to this user; run the program with sudo, or in the lab, without the kernel")

// A Host is one of the two hosts of a conversation. An address is "HOST:PORT",
// where HOST is client, server or empty for the host itself. The network is
// "tcp". What it listens on and dials are those of package net, and have the
// methods CloseWrite, SetLinger and SetNoDelay of a [net.TCPConn] too.
//
// A *netlab.Host is such a Host, so that one Talk runs in both worlds.
type Host interface {
	Listen(network, addr string) (net.Listener, error)
	DialContext(ctx context.Context, network, addr string) (net.Conn, error)
}

// A Talk is a conversation between two hosts: ordinary code over package net.
// It returns when all its goroutines have ended.
type Talk func(ctx context.Context, client, server Host) error

// Run runs talk over the kernel's loopback and returns what happened there. If
// talk fails, Run returns its error beside the trace so far. What talk leaves
// open is closed after the trace has ended.
//
// The process needs the right to capture packets: see [Reexec]. Without it the
// error is [ErrForbidden], and on other systems than Linux
// [errors.ErrUnsupported].
func Run(ctx context.Context, talk Talk) (*trace.Trace, error) { return run(ctx, talk) }
