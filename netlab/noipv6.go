//go:build noipv6

package netlab

import "gvisor.dev/gvisor/pkg/tcpip/stack"

// newIPv6 is missing from programs that are built with -tags noipv6, which
// makes a lab in a web page smaller by 0.1 MB. To use [IPv6] there is a bug.
func newIPv6(*stack.Stack) stack.NetworkProtocol {
	panic("netlab: IPv6 was left out of this program; build it without -tags noipv6")
}
